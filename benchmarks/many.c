/* Drives many simulators from one thread, as fast as it can be done:   many step|ready SEATS PROGRAM [ARGUMENT...]
   Starts PROGRAM for each seat on two pipes. For each line on its input, a number of seconds, it takes steps for so long
   and prints how many they were, and the seconds. "step" writes to all and reads from all, blocking, in order; "ready"
   gives each seat its next action as soon as it has answered. Actions are formatted, and all six numbers read and looked at.
   Seat 0 is asked for numbers above zero, all others for numbers below. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct seat {
    pid_t pid;
    int to, from;
    double asked;
    int have; /* bytes of the answer so far */
    char answer[256];
};

static struct seat *seats;
static struct pollfd *polled;
static int count;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void start(struct seat *seat, char **command)
{
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
        fail("pipe2");
    seat->pid = fork();
    if (seat->pid < 0)
        fail("fork");
    if (seat->pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execv(command[0], command);
        fail(command[0]);
    }
    close(to[0]);
    close(from[1]);
    seat->to = to[1];
    seat->from = from[0];
}

static void ask(int index, long step)
{
    struct seat *seat = seats + index;
    int thousandths = (int)((step * 7 + index * 13) % 999) + 1;
    char line[32];
    int length = snprintf(line, sizeof line, "%.3f\n", (index ? -thousandths : thousandths) / 1e3);

    seat->asked = (index ? -thousandths : thousandths) / 1e3;
    seat->have = 0;
    if (write(seat->to, line, length) != length)
        fail("write");
}

/* Reads once; returns whether the answer is whole. */
static int answered(struct seat *seat)
{
    double values[6];
    char *at = seat->answer;
    int got = read(seat->from, seat->answer + seat->have, sizeof seat->answer - 1 - seat->have);

    if (got <= 0)
        fail("read");
    seat->have += got;
    if (seat->answer[seat->have - 1] != '\n')
        return 0;
    seat->answer[seat->have] = '\0';
    for (int index = 0; index < 6; index++)
        values[index] = strtod(at, &at);
    if (values[0] != seat->asked || values[5] != 42) {
        fprintf(stderr, "asked for %.3f, got %s", seat->asked, seat->answer);
        exit(1);
    }
    return 1;
}

static long in_step(double until)
{
    long steps = 0;

    do {
        for (int index = 0; index < count; index++)
            ask(index, steps);
        for (int index = 0; index < count; index++)
            while (!answered(seats + index))
                ;
        steps++;
    } while (now() < until);
    return steps * count;
}

/* Takes the answers that are there and returns how many; whoever gave one is asked again, if ``again``. */
static int take(long step, int again)
{
    int taken = 0;

    if (poll(polled, count, -1) < 0)
        fail("poll");
    for (int index = 0; index < count; index++)
        if (polled[index].revents && answered(seats + index)) {
            taken++;
            if (again)
                ask(index, step + taken);
        }
    return taken;
}

int main(int words_count, char **words)
{
    char line[64];
    int ready;

    if (words_count < 4)
        return 2;
    ready = strcmp(words[1], "ready") == 0;
    count = atoi(words[2]);
    seats = calloc(count, sizeof *seats);
    polled = calloc(count, sizeof *polled);
    if (count < 1 || !seats || !polled)
        fail("seats");
    for (int index = 0; index < count; index++) {
        start(seats + index, words + 3);
        polled[index] = (struct pollfd){.fd = seats[index].from, .events = POLLIN};
    }
    in_step(0);
    puts("started");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        double began = now(), until = began + atof(line), ended;
        long steps = 0;

        if (ready) {
            for (int index = 0; index < count; index++)
                ask(index, 0);
            do
                steps += take(steps, 1);
            while (now() < until);
            ended = now();
            for (int left = count; left;)
                left -= take(0, 0);
        } else {
            steps = in_step(until);
            ended = now();
        }
        printf("%ld %.9f\n", steps, ended - began);
        fflush(stdout);
    }
    for (int index = 0; index < count; index++)
        close(seats[index].to);
    for (int index = 0; index < count; index++)
        waitpid(seats[index].pid, NULL, 0);
    return 0;
}
