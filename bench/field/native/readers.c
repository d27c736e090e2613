/* The readers: each a GET whose answer never ends, scanned for stamps and nothing else. */
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLOSED = -1, CONNECTING, ASKED, OPEN };
#define HEAD 8192

readings seen;
static connection *all;
static int connecting, asked, begun;
static char buffer[1 << 18];

static void shut(connection *it, int dropped) {
  struct linger at_once = {1, 0};
  setsockopt(it->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(it->fd);
  it->fd = -1;
  connecting -= it->state == CONNECTING;
  asked -= it->state == ASKED;
  seen.open -= it->state == OPEN;
  seen.dropped += dropped;
  it->state = CLOSED;
  free(it->buffer);
  it->buffer = NULL;
}

static void ask(connection *it) {
  char path[1024], request[4096];
  expand(path, given.path, it->channel, "", 0);
  int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n%s\r\n",
                   path, given.port, given.header);
  if (send(it->fd, request, n, MSG_NOSIGNAL) != n) shut(it, 1);
}

static void stamp(const char *at, int64_t when) {
  seen.received++;
  if ((at[1] - '0') * 10 + (at[2] - '0') != seen.step || at[3] != 'm') return;
  int64_t due = 0;
  for (int i = 4; i < STAMP; i++) due = due * 10 + (at[i] - '0');
  seen.measured++;
  hist_add(when - due);
}

static void scan(connection *it, const char *text, int n, int64_t when) {
  if (it->carried) { /* a stamp that the last read cut in two */
    char whole[2 * STAMP];
    int more = n < STAMP ? n : STAMP, length = it->carried + more;
    memcpy(whole, it->carry, it->carried);
    memcpy(whole + it->carried, text, more);
    if (length < STAMP) {
      memcpy(it->carry, whole, it->carried = length);
      return;
    }
    stamp(whole, when);
    it->carried = 0;
  }
  for (const char *end = text + n; (text = memchr(text, '@', end - text)); text += STAMP) {
    if (end - text < STAMP) {
      memcpy(it->carry, text, it->carried = end - text);
      return;
    }
    stamp(text, when);
  }
}

/* The response's head, and what must have come behind it; whatever else has come is scanned. */
static void greet(connection *it, int n, int64_t when) {
  if (!it->buffer) it->buffer = calloc(1, HEAD);
  int room = HEAD - 1 - it->kept, add = n < room ? n : room;
  memcpy(it->buffer + it->kept, buffer, add);
  it->kept += add;
  char *body = strstr(it->buffer, "\r\n\r\n");
  if (body && strncmp(it->buffer, "HTTP/1.1 200", 12) && strncmp(it->buffer, "HTTP/1.0 200", 12)) {
    if (seen.refused++ < 3) fprintf(stderr, "refused: %.300s\n", it->buffer);
    shut(it, 1);
    return;
  }
  char *rest = body ? strstr(body + 4, given.ready) : NULL;
  if (!rest) return;
  it->state = OPEN;
  asked--;
  seen.open++;
  scan(it, rest, it->buffer + it->kept - rest, when);
  scan(it, buffer + add, n - add, when);
  free(it->buffer);
  it->buffer = NULL;
}

static void reader_turn(connection *it, uint32_t events) {
  if (it->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(it->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
      seen.failed++;
      shut(it, 0);
    } else if (events & EPOLLOUT) {
      connecting--;
      asked++;
      it->state = ASKED;
      watch(it, EPOLLIN | EPOLLRDHUP, 0);
      ask(it);
    }
    return;
  }
  int n = recv(it->fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    shut(it, 1);
    return;
  }
  int64_t when = now();
  seen.reads++;
  if (it->state == ASKED)
    greet(it, n, when);
  else
    scan(it, buffer, n, when);
}

static void start(connection *it) {
  it->fd = dial(given.port);
  it->state = CONNECTING;
  it->carried = it->kept = 0;
  connecting++;
  watch(it, EPOLLIN | EPOLLOUT | EPOLLRDHUP, 1);
}

void readers_make(void) {
  all = calloc(given.readers, sizeof *all);
  for (int i = 0; i < given.readers; i++)
    all[i] = (connection){.turn = reader_turn, .channel = i % given.channels, .fd = -1, .state = CLOSED};
}

/* An event on every channel that has a reader who waits: some servers send no byte before the first. */
static void prime(int64_t when) {
  char *waits = calloc(1, given.channels);
  for (int i = 0; i < given.readers; i++) waits[all[i].channel] |= all[i].state == ASKED;
  for (int i = 0; i < given.channels; i++)
    if (waits[i]) publish(i, 'p', when);
  free(waits);
}

int readers_open(void) {
  int64_t began = now(), primed = 0, again = 0;
  while (seen.open < given.readers) {
    int64_t t = now();
    if (t - began > given.patience * SECOND) return -1;
    int waiting = connecting + (given.prime ? 0 : asked);
    for (; begun < given.readers && waiting < given.concurrent; waiting++) start(&all[begun++]);
    /* Whoever was sent away comes back, and not at once. */
    if (begun == given.readers && t - again > SECOND) {
      again = t;
      for (int i = 0; i < given.readers && waiting < given.concurrent; i++)
        if (all[i].fd < 0) waiting++, start(&all[i]);
    }
    if (given.prime && begun == given.readers && !connecting && t - primed > SECOND / 2 && t - began > SECOND / 5)
      prime(primed = t);
    publish_flush();
    turn(2000000);
  }
  return 0;
}

void readers_close(void) {
  for (int i = 0; i < given.readers; i++)
    if (all[i].fd >= 0) shut(&all[i], 0);
}
