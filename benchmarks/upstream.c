// The instant upstream of the benchmark: answers every POST with Payalo's documented 200 of a pay-in, and echoes the
// request's `merchantReference` (or `reference`, for the pass-through proxies, which send the app's own body on).
// One thread, epoll, keep-alive; no allocation per request, so that it takes as little as possible of the machine that
// the measured servers share with it.
//
//     upstream PORT        listens on 127.0.0.1:PORT (0: any) and prints the port
//
// GET /count answers how many POSTs were answered, as plain text.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 4096, BUFFER_BYTES = 32 * 1024 };

struct connection {
    int fd;
    size_t used;
    char bytes[BUFFER_BYTES];
};

static unsigned long long answered;

// The value of a JSON string member, by name: enough for bodies that a benchmark itself makes.
static int member(const char *body, size_t length, const char *name, const char **value, size_t *value_length) {
    const char *at = memmem(body, length, name, strlen(name));
    if (!at) return 0;
    const char *end = body + length;
    at += strlen(name);
    while (at < end && (*at == ' ' || *at == ':')) at++;
    if (at >= end || *at != '"') return 0;
    const char *first = ++at;
    while (at < end && *at != '"') at++;
    if (at >= end) return 0;
    *value = first;
    *value_length = (size_t)(at - first);
    return 1;
}

static size_t bad_request(char *out, size_t room) {
    return (size_t)snprintf(out, room, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

// Writes the answer; returns its length.
static size_t answer(int is_post, const char *body, size_t length, char *out, size_t room) {
    char text[1024];
    int text_length;
    const char *type = "application/json";
    if (is_post) {
        const char *reference;
        size_t reference_length;
        if (!member(body, length, "\"merchantReference\"", &reference, &reference_length)
            && !member(body, length, "\"reference\"", &reference, &reference_length))
            return bad_request(out, room);
        if (reference_length > 255) return bad_request(out, room);
        answered++;
        text_length = snprintf(
            text, sizeof text,
            "{\"status\":\"pending\",\"gatewayReference\":\"b2p01j3abcdef%020llu\",\"merchantReference\":\"%.*s\","
            "\"reconciliationReference\":\"%.*s\",\"createdAt\":\"2024-06-01T12:34:56+00:00\"}",
            answered, (int)reference_length, reference, (int)reference_length, reference);
    } else {
        type = "text/plain";
        text_length = snprintf(text, sizeof text, "%llu\n", answered);
    }
    return (size_t)snprintf(
        out, room, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", type, text_length, text);
}

// The length of the request at the front, 0 where it is not whole yet, -1 where it is none of ours.
static long whole(const char *bytes, size_t used, const char **body, size_t *body_length) {
    const char *head_end = memmem(bytes, used, "\r\n\r\n", 4);
    if (!head_end) return used == BUFFER_BYTES ? -1 : 0;
    size_t head = (size_t)(head_end - bytes) + 4, length = 0;
    for (const char *line = bytes; line < head_end;) {
        const char *end = memmem(line, (size_t)(head_end + 2 - line), "\r\n", 2);
        if (end - line > 15 && strncasecmp(line, "content-length:", 15) == 0) length = strtoul(line + 15, NULL, 10);
        if (end - line > 18 && strncasecmp(line, "transfer-encoding:", 18) == 0) return -1;
        line = end + 2;
    }
    if (head + length > BUFFER_BYTES) return -1;
    if (used < head + length) return 0;
    *body = bytes + head;
    *body_length = length;
    return (long)(head + length);
}

// Answers all that is whole in the buffer; 0 where the connection is to end.
static int serve(struct connection *connection) {
    for (;;) {
        ssize_t got = recv(connection->fd, connection->bytes + connection->used, BUFFER_BYTES - connection->used, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
        if (got <= 0) return 0;
        connection->used += (size_t)got;
        for (;;) {
            const char *body;
            size_t body_length;
            long length = whole(connection->bytes, connection->used, &body, &body_length);
            if (length == 0) break;
            char out[2048];
            size_t out_length = length < 0
                ? bad_request(out, sizeof out)
                : answer(memcmp(connection->bytes, "POST ", 5) == 0, body, body_length, out, sizeof out);
            // Answers are shorter than any socket's buffer, and a caller waits for one before it sends the next.
            if (send(connection->fd, out, out_length, MSG_NOSIGNAL) != (ssize_t)out_length) return 0;
            if (length < 0) return 0;
            connection->used -= (size_t)length;
            memmove(connection->bytes, connection->bytes + length, connection->used);
        }
        if (connection->used < BUFFER_BYTES) return 1;
    }
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: upstream PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)
        || getsockname(listener, (struct sockaddr *)&address, &size)) {
        perror("upstream");
        return 1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
    int open_connections = 0;
    for (;;) {
        int ready = epoll_wait(loop, events, 256, -1);
        for (int index = 0; index < ready; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection) {
                if (serve(connection)) continue;
                close(connection->fd);
                free(connection);
                open_connections--;
                continue;
            }
            int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) continue;
            struct connection *accepted = open_connections < MAX_CONNECTIONS ? malloc(sizeof *accepted) : NULL;
            if (!accepted) {
                close(fd);
                continue;
            }
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            accepted->fd = fd;
            accepted->used = 0;
            open_connections++;
            event.data.ptr = accepted;
            epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
        }
    }
}
