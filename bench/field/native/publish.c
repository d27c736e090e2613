/* The publisher, in one of these ways:
 *
 *   redis   PUBLISH, as most servers of this kind are fed
 *   append  one call of the product's own append script for each event: log, head and live message
 *   live    what that script publishes, and the head moved on four times a second, without the log: for rates beyond
 *           what Redis can store on its half of a core; a reader who is live cannot tell the difference
 *   post    an HTTP POST for each event, on several connections
 *   none    somebody else publishes
 */
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY (1 << 15)
#define PARSE (1 << 18)
#define QUEUE (1L << 22)

long pub_faults;
static connection *all;
static long published;
static enum { NONE, REDIS, LIVE, APPEND, POST } kind;

static void complain(const char *what, const char *text) {
  if (pub_faults++ < 3) fprintf(stderr, "%s: %.200s\n", what, text);
}

/* The payload: about *size* bytes of JSON like that of a progress event, with the stamp in it. */
static void payload(char *out, int channel, char phase, int64_t due) {
  int n = sprintf(out,
                  "{\"key\":\"%ld\",\"state\":\"succeeded\",\"fields\":{\"current\":%ld,\"total\":1000000,\"channel\":%d,"
                  "\"stamp\":\"@%02d%c%019lld\",\"message\":\"",
                  published, published % 1000000, channel, seen.step, phase, (long long)due);
  int pad = given.size - n - 3 > 1 ? given.size - n - 3 : 1;
  memset(out + n, 'x', pad);
  strcpy(out + n + pad, "\"}}");
}

/* Redis ------------------------------------------------------------------------------------------------------- */

static char *out;
static long out_room, out_sent, out_end;
static int out_waits;

static void out_put(const char *text, int n) {
  if (out_end + n > out_room) {
    memmove(out, out + out_sent, out_end - out_sent);
    out_end -= out_sent;
    out_sent = 0;
    while (out_end + n > out_room) out_room = out_room ? out_room * 2 : 1 << 20;
    if (!(out = realloc(out, out_room))) fail("memory");
  }
  memcpy(out + out_end, text, n);
  out_end += n;
}

static void word(const char *text, int n) {
  char length[32];
  out_put(length, sprintf(length, "$%d\r\n", n));
  out_put(text, n);
  out_put("\r\n", 2);
}

static void words(const char *text) { word(text, strlen(text)); }

static void count(int n) {
  char line[32];
  out_put(line, sprintf(line, "*%d\r\n", n));
}

static void key(const char *form, int channel) {
  char text[256];
  word(text, expand(text, form, channel, "", 0));
}

static void say_append(int channel, const char *head, const char *body, long seq) {
  char number[32], batch[32];
  count(20);
  words("EVALSHA");
  words(given.sha);
  words("4");
  key("tr1:{%n}:head", channel);
  key("tr1:{%n}:log", channel);
  key("tr1:{%n}:checkpoint", channel);
  key("tr1:{%n}:kept", channel);
  words(epoch_of(channel));
  word(number, sprintf(number, "%ld", seq - 1));
  words(epoch_of(channel));
  word(batch, sprintf(batch, "%012lx", published));
  words(head);
  words("");
  words("0");
  words("100000");
  words("67108864");
  words("PUBLISH");
  words("1");
  words("item");
  words(body);
}

/* When each channel's head was moved on last, and the number that it has yet to be moved on to; 0: it stands there. */
static int64_t *moved;
static long *behind;

static void move_head(int channel, long seq, int64_t when) {
  char number[32], head[4096];
  expand(head, given.head, channel, "", seq);
  count(6);
  words("HSET");
  key("tr1:{%n}:head", channel);
  words("s");
  word(number, sprintf(number, "%ld", seq));
  words("h");
  words(head);
  moved[channel] = when;
  behind[channel] = 0;
}

static void say_live(int channel, const char *body, long seq, int64_t due) {
  char carried[BODY + 256];
  behind[channel] = seq;
  if (due - moved[channel] >= SECOND / 4) move_head(channel, seq, due);
  count(3);
  words("PUBLISH");
  key("tr1:{%n}:log", channel);
  word(carried, sprintf(carried, "%s-%ld item\n%s", epoch_of(channel), seq, body));
}

static void say(int channel, char phase, int64_t due) {
  char data[BODY / 2], body[BODY], head[4096];
  long seq = next_seq(channel);
  payload(data, channel, phase, due);
  expand(body, given.env, channel, data, seq);
  if (kind == REDIS) {
    count(3);
    words("PUBLISH");
    key(given.chan, channel);
    words(body);
    return;
  }
  if (kind == LIVE) {
    say_live(channel, body, seq, due);
    return;
  }
  expand(head, given.head, channel, "", seq);
  say_append(channel, head, body, seq);
}

static void redis_flush(void) {
  connection *it = &all[0];
  while (out_sent < out_end) {
    int n = send(it->fd, out + out_sent, out_end - out_sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) {
      if (!out_waits) watch(it, EPOLLIN | EPOLLOUT, 0);
      out_waits = 1;
      return;
    }
    if (n < 0) fail("send to Redis");
    out_sent += n;
  }
  out_sent = out_end = 0;
  if (out_waits) watch(it, EPOLLIN, 0);
  out_waits = 0;
}

static void redis_turn(connection *it, uint32_t events) {
  static char answers[PARSE];
  if (events & EPOLLIN) {
    int n = recv(it->fd, answers, sizeof answers - 1, 0);
    if (n == 0) fail("Redis hung up");
    if (n > 0) answers[n] = 0;
    if (n > 0 && memchr(answers, '-', n)) complain("Redis", strchr(answers, '-'));
    if (n > 0 && kind == APPEND && strstr(answers, "*3\r\n:0")) complain("Redis", "an append was refused");
  }
  if (events & EPOLLOUT) redis_flush();
}

/* HTTP -------------------------------------------------------------------------------------------------------- */

typedef struct {
  int channel;
  char phase;
  int64_t due;
} waiting;
static waiting *queue;
static long queue_head, queue_tail;

static void post(connection *it) {
  waiting *next = &queue[queue_head++ % QUEUE];
  char data[BODY / 2], body[BODY], path[512], request[BODY + 1024];
  payload(data, next->channel, next->phase, next->due);
  int length = expand(body, given.env, next->channel, data, 0);
  expand(path, given.ppath, next->channel, "", 0);
  int n = sprintf(request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
                  path, length, body);
  it->inflight = 1;
  if (send(it->fd, request, n, MSG_NOSIGNAL) != n) fail("send of a POST");
}

static void post_flush(void) {
  for (int i = 0; i < given.connections && queue_head < queue_tail; i++)
    if (all[i].state && !all[i].inflight) post(&all[i]);
}

static void post_parse(connection *it) {
  int at = 0;
  for (;;) {
    if (it->skip) {
      int n = it->kept - at < it->skip ? it->kept - at : it->skip;
      at += n;
      if ((it->skip -= n)) break;
      it->inflight = 0;
    }
    char *answer = it->buffer + at, *end = strstr(answer, "\r\n\r\n");
    if (!end) break;
    if (answer[9] != '2') complain("POST", answer);
    *end = 0;
    char *length = strcasestr(answer, "content-length:");
    at = end + 4 - it->buffer;
    it->skip = length ? atoi(length + 15) : 0;
    if (!it->skip) it->inflight = 0;
  }
  memmove(it->buffer, it->buffer + at, it->kept - at);
  it->kept -= at;
  it->buffer[it->kept] = 0;
}

static void post_turn(connection *it, uint32_t events) {
  if (!it->state) {
    it->state = 1;
    watch(it, EPOLLIN, 0);
    return;
  }
  (void)events;
  int n = recv(it->fd, it->buffer + it->kept, PARSE - 1 - it->kept, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    complain("POST", "the server hung up");
    close(it->fd);
    it->fd = dial(given.pport);
    it->state = it->inflight = it->kept = it->skip = 0;
    watch(it, EPOLLIN | EPOLLOUT, 1);
    return;
  }
  it->kept += n;
  it->buffer[it->kept] = 0;
  post_parse(it);
  post_flush();
}

/* All --------------------------------------------------------------------------------------------------------- */

void publish_begin(void) {
  const char *kinds[] = {"none", "redis", "live", "append", "post"};
  while (strcmp(given.pub, kinds[kind]))
    if (++kind > POST) fail(given.pub);
  if (kind == NONE) {
    given.prime = 0;
    return;
  }
  if (kind != POST) given.connections = 1;
  moved = calloc(given.channels, sizeof *moved);
  behind = calloc(given.channels, sizeof *behind);
  queue = kind == POST ? malloc(QUEUE * sizeof *queue) : NULL;
  all = calloc(given.connections, sizeof *all);
  for (int i = 0; i < given.connections; i++) {
    all[i] = (connection){.turn = kind == POST ? post_turn : redis_turn, .fd = dial(given.pport)};
    all[i].buffer = kind == POST ? calloc(1, PARSE) : NULL;
    watch(&all[i], kind == POST ? EPOLLIN | EPOLLOUT : EPOLLIN, 1);
  }
  for (int i = 0; i < 20; i++) turn(1000000);
}

void publish(int channel, char phase, int64_t due) {
  if (kind == POST) {
    if (queue_tail - queue_head == QUEUE) fail("too many events wait");
    queue[queue_tail++ % QUEUE] = (waiting){channel, phase, due};
  } else if (kind != NONE) {
    say(channel, phase, due);
  }
  published++;
}

/* What a publisher leaves once it pauses: heads that stand where their logs do. */
void publish_pause(void) {
  for (int i = 0; kind == LIVE && i < given.channels; i++)
    if (behind[i]) move_head(i, behind[i], moved[i]);
  publish_flush();
}

void publish_flush(void) {
  if (kind == POST)
    post_flush();
  else if (out_sent < out_end)
    redis_flush();
}
