/* A number comes, that number and five more go back:

     http serve PORT        POST of {"action": NUMBER} to any path is answered with {"state": [NUMBERS]}
     http poll PORT ROOT    asks: posts NUMBERS to ROOT/observation, fetches a number from ROOT/action
     http turn PORT ROOT    asks: posts NUMBERS to ROOT/turn, and the answer is the next number

   HTTP/1.1 on a connection that is kept, one write for each message, and no more of HTTP than is met here. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char held[65536];
static size_t size = 0, used = 0;

/* Reads one message and ends its body by a zero; returns the body, NULL at the end of the connection. */
static char *message(int peer)
{
    char *end, *length;
    size_t whole;

    memmove(held, held + used, size - used);
    size -= used;
    used = 0;
    for (;;) {
        held[size] = '\0';
        end = strstr(held, "\r\n\r\n");
        if (end) {
            *end = '\0';
            length = strcasestr(held, "\r\ncontent-length:");
            whole = (size_t)(end + 4 - held) + (length ? (size_t)atoi(length + 17) : 0);
            *end = '\r';
            if (size >= whole) {
                used = whole;
                return end + 4;
            }
        }
        ssize_t more = read(peer, held + size, sizeof held - 1 - size);
        if (more <= 0)
            return NULL;
        size += (size_t)more;
    }
}

static int put(int peer, const char *text, int length)
{
    return write(peer, text, (size_t)length) == length;
}

static void serve(int peer)
{
    char body[256], reply[512], *found;

    while ((found = message(peer))) {
        char number[32] = "0";
        char *colon = used > (size_t)(found - held) ? strchr(found, ':') : NULL;
        if (colon)
            sscanf(colon + 1, " %31[-+.0-9e]", number);
        int length = sprintf(body, "{\"state\": [%s, 1.5, -2.25, 1000.125, 0.001, 42]}", number);
        length = sprintf(reply, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                         length, body);
        if (!put(peer, reply, length))
            return;
    }
}

static char *post(int peer, const char *port, const char *root, const char *path, const char *number)
{
    char body[256], text[1024];
    int length = sprintf(body, "%s 1.5 -2.25 1000.125 0.001 42\n", number);

    length = snprintf(text, sizeof text,
                      "POST %s/%s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Type: text/plain\r\n"
                      "Content-Length: %d\r\n\r\n%s", root, path, port, length, body);
    return put(peer, text, length) ? message(peer) : NULL;
}

static char *get(int peer, const char *port, const char *root)
{
    char text[512];
    int length = snprintf(text, sizeof text, "GET %s/action HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", root, port);

    return put(peer, text, length) ? message(peer) : NULL;
}

static int ask(int peer, const char *port, const char *root, int in_turn)
{
    char number[32] = "0", *body;

    for (;;) {
        body = post(peer, port, root, in_turn ? "turn" : "observation", number);
        if (body && !in_turn)
            body = get(peer, port, root);
        while (body && !strncmp(held + 9, "204", 3)) /* nothing yet: it is to be asked again */
            body = in_turn ? post(peer, port, root, "turn", number) : get(peer, port, root);
        if (!body || strncmp(held + 9, "200", 3) || sscanf(body, "%31[-+.0-9e]", number) != 1)
            return 1;
    }
}

int main(int count, char **words)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int own = socket(AF_INET, SOCK_STREAM, 0), on = 1, peer;

    if (own < 0 || count < 3)
        return 2;
    place.sin_port = htons((unsigned short)atoi(words[2]));
    setsockopt(own, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* what is accepted inherits it */
    if (strcmp(words[1], "serve")) {
        if (connect(own, (struct sockaddr *)&place, sizeof place))
            return 1;
        return ask(own, words[2], count > 3 ? words[3] : "", !strcmp(words[1], "turn"));
    }
    setsockopt(own, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(own, (struct sockaddr *)&place, sizeof place) || listen(own, 8))
        return 1;
    while ((peer = accept(own, NULL, NULL)) >= 0) {
        size = used = 0;
        serve(peer);
        close(peer);
    }
    return 1;
}
