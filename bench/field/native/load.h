/* The load generator: one thread that publishes stamped events at set moments and reads them back as SSE.
 *
 * Open loop: an event carries the moment at which it was due, not that at which it left, so a server that holds the
 * generator up is not spared the wait. The stamp is "@SSpNNNNNNNNNNNNNNNNNNN": the step, its phase (w warm-up,
 * m measured, p priming), and CLOCK_MONOTONIC in ns; a server may wrap it in whatever it likes, but in no other '@'.
 */
#ifndef LOAD_H
#define LOAD_H
#define _GNU_SOURCE
#include <stdint.h>

#define SECOND 1000000000LL
#define STAMP 23

/* What may be given on the command line, as key=value. */
typedef struct {
  const char *mode;   /* search, rate, idle, replay or listen */
  const char *pub;    /* redis, live, append, post or none: how events are published; see publish.c */
  const char *path;   /* of a reader's GET; %d is the number of its channel, %n its name */
  const char *header; /* further request headers, with \r\n spelled out */
  const char *ready;  /* a reader counts as open once this has come; empty: once the head has */
  const char *chan;   /* Redis channel */
  const char *env;    /* what is published: %s the payload, %d %n as above, %e its epoch, %q the event's number */
  const char *head;   /* for live and append: the job's head, placeholders as in env */
  const char *sha, *names, *ppath;
  const char *pids, *rpids; /* of the server and of Redis, with commas */
  int port, pport, channels, readers, connections, concurrent, size, prime, bisect, fails;
  double rate, seconds, warm, start, most, factor, p99, together, hold, patience;
} options;
extern options given;

/* One connection. */
typedef struct connection {
  void (*turn)(struct connection *, uint32_t events);
  int fd, channel, state, carried, kept, inflight, skip;
  char carry[STAMP];
  char *buffer; /* of a response's head, or of what a publisher's connection has yet to parse */
} connection;

/* clock.c */
int64_t now(void);
double cpu_of(const char *pids);
double waited_of(const char *pids);
double own_cpu(void);
long rss_of(const char *pids);
void hist_clear(void);
void hist_add(int64_t ns);
double hist_ms(double share);
double hist_most_ms(void);

/* wire.c */
void fail(const char *what);
int dial(int port);
void watch(connection *it, uint32_t events, int add);
void turn(int64_t most_ns);
int expand(char *out, const char *form, int channel, const char *payload, long seq);
const char *name_of(int channel);
const char *epoch_of(int channel);
long next_seq(int channel);
void load_names(void);

/* readers.c */
typedef struct {
  long received, measured, reads, dropped, refused, failed;
  int open, step;
} readings;
extern readings seen;
void readers_make(void);
int readers_open(void); /* -1 where not all could be opened in time */
void readers_close(void);

/* publish.c */
extern long pub_faults;
void publish_begin(void);
void publish(int channel, char phase, int64_t due);
void publish_flush(void);
void publish_pause(void);
#endif
