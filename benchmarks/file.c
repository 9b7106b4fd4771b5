/* Answers act.txt, "STEP NUMBER", with obs.txt: that number, five more and the step; whole, by rename. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static char answered[32] = "";

static void answer(void)
{
    char words[128], step[32], number[32], reply[160];
    int file = open("act.txt", O_RDONLY), size;

    if (file < 0)
        return;
    size = (int)read(file, words, sizeof words - 1);
    close(file);
    words[size > 0 ? size : 0] = '\0';
    /* what was there before we watched may be announced as well */
    if (sscanf(words, "%31s %31s", step, number) != 2 || !strcmp(step, answered))
        return;
    strcpy(answered, step);
    size = sprintf(reply, "%s 1.5 -2.25 1000.125 0.001 42 %s\n", number, step);
    file = open("obs.tmp", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, reply, size) != size || close(file) || rename("obs.tmp", "obs.txt"))
        perror("obs.txt");
}

static int concerned(const char *events, int size)
{
    for (int at = 0; at < size;) {
        const struct inotify_event *event = (const struct inotify_event *)(events + at);
        if (event->len && !strcmp(event->name, "act.txt"))
            return 1;
        at += (int)sizeof *event + (int)event->len;
    }
    return 0;
}

int main(void)
{
    char events[4096] __attribute__((aligned(8)));
    int watch = inotify_init1(IN_CLOEXEC), size;

    if (watch < 0 || inotify_add_watch(watch, ".", IN_MOVED_TO) < 0)
        return 1;
    answer();
    while ((size = (int)read(watch, events, sizeof events)) > 0)
        if (concerned(events, size))
            answer();
    return 1;
}
