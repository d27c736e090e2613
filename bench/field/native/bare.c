/* The bare loop: Redis to sockets with nothing between, which is what a server of this kind can cost at the least.
 *
 *   bare PORT REDIS_PORT COALESCE
 *
 * Each channel p<n> goes to whoever asked for channel=p<n>. COALESCE 0: one send for each event and reader; 1: what has
 * come by one read of Redis' connection goes in one send. No cursor, no log, no filter, no heartbeat, no limit.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHANNELS 20001
#define FRAME (1 << 15)
#define GREETING \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n:ok\n\n"

typedef struct {
  enum { DOOR, REDIS, READER } kind;
  int fd, channel; /* -1: has not asked yet */
  char *rest;      /* what the socket would not take */
  int size, room;
} connection;

typedef struct {
  connection **readers;
  int count, room;
  char *frames;
  int size, space, waits;
} topic;

static topic topics[CHANNELS];
static int loop, coalesce, waiting[CHANNELS], waits;
static char input[1 << 22];
static int held;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(connection *it, uint32_t events, int how) {
  struct epoll_event what = {.events = events, .data.ptr = it};
  if (epoll_ctl(loop, how, it->fd, &what) < 0) fail("epoll_ctl");
}

static struct sockaddr_in at(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void pass(connection *it, const char *data, int n) {
  if (!it->size) {
    int sent = send(it->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == n || (sent < 0 && errno != EAGAIN)) return;
    data += sent < 0 ? 0 : sent;
    n -= sent < 0 ? 0 : sent;
    watch(it, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  }
  if (it->size + n > it->room) it->rest = realloc(it->rest, it->room = (it->size + n) * 2);
  memcpy(it->rest + it->size, data, n);
  it->size += n;
}

static int frame(char *out, const char *data, int n) {
  memcpy(out, "data: ", 6);
  memcpy(out + 6, data, n);
  memcpy(out + 6 + n, "\n\n", 2);
  return n + 8;
}

static void publish(const char *name, int length, const char *data, int n) {
  int number = 0;
  for (int i = 1; i < length; i++) number = number * 10 + name[i] - '0';
  if (number >= CHANNELS || n > FRAME - 8) return;
  topic *to = &topics[number];
  if (coalesce) {
    if (to->size + n + 8 > to->space) to->frames = realloc(to->frames, to->space = (to->size + n + 8) * 2);
    to->size += frame(to->frames + to->size, data, n);
    if (!to->waits++) waiting[waits++] = number;
    return;
  }
  char whole[FRAME];
  int size = frame(whole, data, n);
  for (int i = 0; i < to->count; i++) pass(to->readers[i], whole, size);
}

static void flush(void) {
  for (int i = 0; i < waits; i++) {
    topic *to = &topics[waiting[i]];
    for (int j = 0; j < to->count; j++) pass(to->readers[j], to->frames, to->size);
    to->size = to->waits = 0;
  }
  waits = 0;
}

/* One reply of Redis, of up to four words; the place behind it, or NULL where it has not all come. */
static char *reply(char *from, char *end) {
  char *words[4], *line = memchr(from, '\n', end - from);
  int lengths[4] = {0}, count = atoi(from + 1);
  if (!line || *from != '*') return line ? line + 1 : NULL;
  for (int i = 0; i < count && i < 4; i++) {
    char *mark = line + 1;
    if (mark >= end || !(line = memchr(mark, '\n', end - mark))) return NULL;
    if (*mark != '$') continue;
    words[i] = line + 1;
    lengths[i] = atoi(mark + 1);
    if (end - words[i] < lengths[i] + 2) return NULL;
    line = words[i] + lengths[i] + 1;
  }
  if (count == 4 && lengths[3]) publish(words[2], lengths[2], words[3], lengths[3]);
  return line + 1;
}

static void from_redis(connection *it) {
  int n = recv(it->fd, input + held, sizeof input - held, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) fail("Redis hung up");
  char *place = input, *end = input + (held += n), *next;
  while (place < end && (next = reply(place, end))) place = next;
  memmove(input, place, held = end - place);
  flush();
}

static void admit(connection *door) {
  int fd, one = 1;
  while ((fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection *it = calloc(1, sizeof *it);
    *it = (connection){.kind = READER, .fd = fd, .channel = -1};
    watch(it, EPOLLIN, EPOLL_CTL_ADD);
  }
}

static void leave(connection *it) {
  topic *of = it->channel < 0 ? NULL : &topics[it->channel];
  for (int i = 0; of && i < of->count; i++)
    if (of->readers[i] == it) of->readers[i] = of->readers[--of->count];
  close(it->fd);
  free(it->rest);
  free(it);
}

static void from_reader(connection *it, uint32_t events) {
  if (events & EPOLLOUT && it->size) {
    int n = send(it->fd, it->rest, it->size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) memmove(it->rest, it->rest + n, it->size -= n);
    if (!it->size) watch(it, EPOLLIN, EPOLL_CTL_MOD);
  }
  if (!(events & ~EPOLLOUT)) return;
  char request[8192];
  int n = recv(it->fd, request, sizeof request - 1, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    leave(it);
    return;
  }
  request[n] = 0;
  char *asked = strstr(request, "channel=p");
  if (it->channel >= 0 || !asked) return;
  it->channel = atoi(asked + 9) % CHANNELS;
  topic *of = &topics[it->channel];
  if (of->count == of->room) of->readers = realloc(of->readers, (of->room = of->room * 2 + 2) * sizeof it);
  of->readers[of->count++] = it;
  pass(it, GREETING, sizeof GREETING - 1);
}

int main(int count, char **arguments) {
  if (count != 4) fail("bare PORT REDIS_PORT COALESCE");
  signal(SIGPIPE, SIG_IGN);
  loop = epoll_create1(0);
  coalesce = atoi(arguments[3]);
  int one = 1;
  connection door = {.kind = DOOR, .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
  connection redis = {.kind = REDIS, .fd = socket(AF_INET, SOCK_STREAM, 0)};
  struct sockaddr_in here = at(atoi(arguments[1])), there = at(atoi(arguments[2]));
  setsockopt(door.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (connect(redis.fd, (void *)&there, sizeof there) || write(redis.fd, "PSUBSCRIBE p*\r\n", 15) != 15) fail("Redis");
  fcntl(redis.fd, F_SETFL, O_NONBLOCK);
  if (bind(door.fd, (void *)&here, sizeof here) || listen(door.fd, 4096)) fail("bind");
  watch(&door, EPOLLIN, EPOLL_CTL_ADD);
  watch(&redis, EPOLLIN, EPOLL_CTL_ADD);
  for (;;) {
    struct epoll_event events[512];
    int n = epoll_wait(loop, events, 512, -1);
    for (int i = 0; i < n; i++) {
      connection *it = events[i].data.ptr;
      if (it->kind == DOOR) admit(it);
      if (it->kind == REDIS) from_redis(it);
      if (it->kind == READER) from_reader(it, events[i].events);
    }
  }
}
