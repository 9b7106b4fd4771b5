/* Answers each line, or each datagram, a number, with that number and five more:

     socket listen PORT   over TCP, for who connects        socket serve PATH   the same on a Unix socket
     socket dial PORT     over TCP, to who listens          socket call PATH    the same on a Unix socket
     socket halves PORT   as `listen`, each answer in two writes, as many servers do
     socket udp PORT      for who sends a datagram */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REST " 1.5 -2.25 1000.125 0.001 42\n"

static union {
    struct sockaddr any;
    struct sockaddr_in port;
    struct sockaddr_un path;
} place;

static socklen_t placed(const char *text, int is_path)
{
    if (is_path) {
        place.path.sun_family = AF_UNIX;
        strncpy(place.path.sun_path, text, sizeof place.path.sun_path - 1);
        return sizeof place.path;
    }
    place.port.sin_family = AF_INET;
    place.port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.port.sin_port = htons((unsigned short)atoi(text));
    return sizeof place.port;
}

static int answer(int peer, const char *line, size_t size, int in_halves)
{
    char reply[256];

    if (in_halves)
        return write(peer, line, size) == (ssize_t)size && write(peer, REST, sizeof REST - 1) > 0;
    memcpy(reply, line, size);
    memcpy(reply + size, REST, sizeof REST - 1);
    size += sizeof REST - 1;
    return write(peer, reply, size) == (ssize_t)size;
}

static void talk(int peer, int in_halves)
{
    char held[256], *end;
    size_t size = 0;
    ssize_t more;

    while ((more = read(peer, held + size, 128 - size)) > 0) {
        size += (size_t)more;
        while ((end = memchr(held, '\n', size))) {
            if (!answer(peer, held, (size_t)(end - held), in_halves))
                return;
            size -= (size_t)(end + 1 - held);
            memmove(held, end + 1, size);
        }
    }
}

static int echo(int receiver, socklen_t room)
{
    char words[256];
    ssize_t size;
    socklen_t found = room;

    while ((size = recvfrom(receiver, words, 128, 0, &place.any, &found)) >= 0) {
        size -= size && words[size - 1] == '\n';
        memcpy(words + size, REST, sizeof REST - 1);
        sendto(receiver, words, (size_t)size + sizeof REST - 1, 0, &place.any, found);
        found = room;
    }
    return 1;
}

int main(int count, char **words)
{
    const char *way = count == 3 ? words[1] : "";
    int is_path = !strcmp(way, "serve") || !strcmp(way, "call"), calls = !strcmp(way, "call") || !strcmp(way, "dial");
    int in_halves = !strcmp(way, "halves"), on = 1, peer, own;
    socklen_t size = count == 3 ? placed(words[2], is_path) : 0;

    if (!size)
        return 2;
    own = socket(place.any.sa_family, strcmp(way, "udp") ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (own < 0)
        return 1;
    if (calls) {
        if (!is_path)
            setsockopt(own, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(own, &place.any, size))
            return 1;
        talk(own, 0);
        return 0;
    }
    setsockopt(own, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(own, &place.any, size))
        return 1;
    if (!strcmp(way, "udp"))
        return echo(own, sizeof place);
    if (listen(own, 8))
        return 1;
    while ((peer = accept(own, NULL, NULL)) >= 0) {
        if (!is_path && !in_halves)
            setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        talk(peer, in_halves);
        close(peer);
    }
    return 1;
}
