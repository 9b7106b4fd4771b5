// A plant that is heated, ten microseconds at a time; it knows nothing of who gives the power.
//   vvp plant.vvp              polls act.txt for "NUMBER POWER" and answers in obs.txt, in a busy loop
//   vvp plant.vvp +console     reads POWER from the standard input and answers there; ends at the end of the input
// +seed=N draws the disturbances.
`timescale 1us / 1ns
module plant;
    real temperature;
    integer file, got, number, last, power, seed;

    task heat;
        begin
            #10;
            temperature = temperature + power - 0.05 * (temperature - 10.0) + $dist_uniform(seed, -200, 200) / 1000.0;
        end
    endtask

    task answer;
        begin
            file = $fopen("obs.txt", "w");
            $fdisplay(file, "%0d %0d %f", last, $time, temperature);
            $fclose(file);
        end
    endtask

    task poll;
        begin
            file = $fopen("act.txt", "r");
            if (file != 0) begin
                got = $fscanf(file, "%d %d", number, power);
                $fclose(file);
                if (got == 2 && number > last) begin
                    last = number;
                    heat;
                    answer;
                end
            end
        end
    endtask

    task say;
        begin
            $display("%0d %f", $time, temperature);
            $fflush;
        end
    endtask

    initial begin
        if (!$value$plusargs("seed=%d", seed)) seed = 1;
        temperature = 10.0 + $dist_uniform(seed, 0, 10000) / 1000.0;
        last = 0;
        if ($test$plusargs("console")) begin
            say;
            while ($fscanf(32'h8000_0000, "%d", power) == 1) begin
                heat;
                say;
            end
            $finish;
        end else begin
            answer;
            forever poll;
        end
    end
endmodule
