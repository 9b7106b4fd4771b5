# A moon lander for a MIPS simulator. It asks for an altitude, then for a burn each second, until it is down.
        .data
blank:  .asciiz " "
line:   .asciiz "\n"
ground: .asciiz " DOWN"
        .text
        .globl main
main:   li $v0, 5               # read_int: a text that is no number is 0 to it
        syscall
        move $s0, $v0           # altitude, ft
        li $s1, -50             # velocity, ft/s, up is positive
        li $s2, 150             # fuel, units
        li $s3, 0               # down?
loop:   move $a0, $s0
        jal number
        move $a0, $s1
        jal number
        li $v0, 1
        move $a0, $s2
        syscall
        beqz $s3, ask
        la $a0, ground
        li $v0, 4
        syscall
ask:    la $a0, line
        li $v0, 4
        syscall
        bnez $s3, end
        li $v0, 5
        syscall
        bgez $v0, most          # no burn below 0
        li $v0, 0
most:   ble $v0, 30, fuel       # nor above 30
        li $v0, 30
fuel:   ble $v0, $s2, burn      # nor more than there is
        move $v0, $s2
burn:   sub $s2, $s2, $v0
        add $s0, $s0, $s1
        addi $t0, $v0, -5       # the moon takes 5 ft/s each second
        add $s1, $s1, $t0
        bgtz $s0, loop
        li $s0, 0
        li $s3, 1
        b loop
end:    li $v0, 10
        syscall

number: li $v0, 1
        syscall
        la $a0, blank
        li $v0, 4
        syscall
        jr $ra
