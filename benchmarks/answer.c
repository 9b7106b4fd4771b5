/* Answers each line, a number, with that number and five more: a simulator whose own work costs nothing, or as much as
   it is told:   answer [compute|sleep MILLISECONDS [positive]]   computes by the clock of its processor, or sleeps, before
   each answer; with "positive" only before the answer to a number above zero. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double processor_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static void work(const char *how, double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    double until = processor_time() + seconds;

    if (strcmp(how, "sleep") == 0)
        nanosleep(&pause, NULL);
    else
        while (processor_time() < until)
            ;
}

int main(int count, char **words)
{
    double seconds = count > 2 ? atof(words[2]) / 1e3 : 0;
    char line[128];

    setvbuf(stdout, NULL, _IOFBF, 4096);
    while (fgets(line, sizeof line, stdin)) {
        if (seconds > 0 && (count < 4 || atof(line) > 0))
            work(words[1], seconds);
        line[strcspn(line, "\r\n")] = '\0';
        fputs(line, stdout);
        fputs(" 1.5 -2.25 1000.125 0.001 42\n", stdout);
        fflush(stdout); /* one write for the whole answer */
    }
    return 0;
}
