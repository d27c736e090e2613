/* What the generator does with its readers and its publisher; a line of JSON for each thing found. */
#include "load.h"
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

options given = {
    .mode = "rate", .pub = "redis", .path = "/stream?channel=p%d", .header = "", .ready = "", .chan = "p%d", .env = "%s",
    .head = "", .sha = "", .names = "", .ppath = "/pub?id=p%d", .pids = "", .rpids = "",
    .port = 8000, .pport = 6379, .channels = 1, .readers = 1, .connections = 32, .concurrent = 256, .size = 200,
    .bisect = 3, .fails = 2, .rate = 1000, .seconds = 2, .warm = 0.5, .start = 4000, .most = 2e7, .factor = 2,
    .p99 = 100, .together = 1e9, .hold = 3, .patience = 60,
};

typedef struct {
  double rate, delivered, p50, p99, most, server, redis, generator, busy, waited, late, together;
  long lost;
  int passed;
} result;

typedef struct {
  double server, redis, generator, waited;
  int64_t at;
  long received, reads;
} account;

static account look(void) {
  return (account){cpu_of(given.pids), cpu_of(given.rpids), own_cpu(), waited_of(given.pids), now(), seen.received, seen.reads};
}

static void pass(int64_t ns) {
  for (int64_t until = now() + ns; now() < until;) {
    publish_flush();
    turn(5000000);
  }
}

/* Until nothing has come for so long. */
static int64_t settle(int64_t quiet, int64_t most) {
  int64_t began = now(), last = began;
  for (long had = seen.received; now() - last < quiet && now() - began < most;) {
    publish_flush();
    turn(5000000);
    if (seen.received != had) {
      had = seen.received;
      last = now();
    }
  }
  return last;
}

/* CPU in seconds per million deliveries: the same as µs for each. */
static void fill(result *found, account from, account to, long due) {
  long received = to.received - from.received;
  double each = received ? 1e6 / received : 0;
  found->delivered = seen.measured / given.seconds;
  found->lost = due - seen.measured;
  found->p50 = hist_ms(0.5);
  found->p99 = hist_ms(0.99);
  found->most = hist_most_ms();
  found->server = (to.server - from.server) * each;
  found->redis = (to.redis - from.redis) * each;
  found->generator = (to.generator - from.generator) * each;
  found->busy = (to.server - from.server) * SECOND / (to.at - from.at);
  found->waited = (to.waited - from.waited) * SECOND / (to.at - from.at);
  found->together = to.reads > from.reads ? received / (double)(to.reads - from.reads) : 0;
  found->passed = seen.measured > 0 && found->lost <= due / 1000 && found->p99 < given.p99 && !seen.dropped && !pub_faults &&
                  found->together <= given.together;
}

static void tell(const char *what, result it) {
  printf("{\"%s\":%.0f,\"delivered\":%.0f,\"lost\":%ld,\"dropped\":%ld,\"p50\":%.3f,\"p99\":%.3f,\"most\":%.3f,"
         "\"server_us\":%.3f,\"redis_us\":%.3f,\"generator_us\":%.3f,\"busy\":%.3f,\"waited\":%.3f,\"late\":%.2f,\"together\":%.2f,\"faults\":%ld,\"passed\":%d}\n",
         what, it.rate, it.delivered, it.lost, seen.dropped, it.p50, it.p99, it.most, it.server, it.redis, it.generator,
         it.busy, it.waited, it.late, it.together, pub_faults, it.passed);
}

/* Events at an even pace, over all channels in turn; *rate* in deliveries a second. */
static result step(double rate) {
  result found = {.rate = rate};
  seen.step = (seen.step + 1) % 100;
  seen.measured = seen.dropped = pub_faults = 0;
  hist_clear();
  int fan = given.readers / given.channels, channel = 0;
  double apart = SECOND * fan / rate;
  int64_t begin = now() + 1000000, from = begin + given.warm * SECOND, end = from + given.seconds * SECOND, late = 0;
  account start = {0};
  long sent = 0, measured = 0, had = -1;
  int64_t last = 0;
  for (;;) {
    int64_t t = now(), due = begin + (int64_t)(sent * apart);
    if (!start.at && t >= from) start = look();
    for (int burst = 0; due <= t && due < end && burst < 2000; burst++) {
      publish(channel, due >= from ? 'm' : 'w', due);
      measured += due >= from;
      if (t - due > late) late = t - due;
      channel = (channel + 1) % given.channels;
      due = begin + (int64_t)(++sent * apart);
    }
    publish_flush();
    if (t >= end && due >= end) {
      if (seen.measured >= measured * fan) break;
      if (seen.measured != had) {
        had = seen.measured;
        last = t;
      }
      if (t - last > 700000000LL || t - end > 3 * SECOND) break;
    }
    int64_t wait = due < end ? due - t : 5000000;
    turn(wait < 0 ? 0 : wait > 5000000 ? 5000000 : wait);
  }
  fill(&found, start, look(), measured * fan);
  publish_pause();
  found.late = late / 1e6;
  tell("step", found);
  settle(found.passed ? 30000000LL : 300000000LL, 6 * SECOND);
  if (seen.open < given.readers && readers_open() < 0) fprintf(stderr, "%d of %d are back\n", seen.open, given.readers);
  return found;
}

/* A rate that fails is tried again, as often as given: a machine has bad moments. Where another had the server's core meanwhile, and the
 * server stood ready to run, the step says nothing about the server, and up to four are taken. */
#define DISTURBED 0.1
static result judged(double rate) {
  result found = step(rate);
  for (int fails = found.waited < DISTURBED, tries = 1; !found.passed && fails < given.fails && tries < 4; tries++) {
    found = step(rate);
    fails += found.waited < DISTURBED;
  }
  return found;
}

/* The highest rate that passes: doubled until it fails, then halved into. */
static void search(void) {
  result best = {0}, found;
  double rate = given.start, too_much = 0;
  while (rate <= given.most && !(too_much && rate >= too_much)) {
    found = judged(rate);
    if (found.passed) {
      best = found;
      rate *= given.factor;
    } else {
      too_much = rate;
      if (best.rate || rate < 400) break;
      rate /= 4;
    }
  }
  for (int i = 0; i < given.bisect && best.rate && too_much / best.rate > 1.04; i++) {
    double between = (best.rate + too_much) / 2;
    found = judged(between);
    if (found.passed)
      best = found;
    else
      too_much = between;
  }
  tell("best", best);
}

/* Connections that hear nothing. */
static void idle(void) {
  double before = cpu_of(given.pids);
  pass(given.hold * SECOND);
  printf("{\"idle\":%d,\"cpu\":%.5f,\"rss\":%ld}\n", seen.open, (cpu_of(given.pids) - before) / given.hold, rss_of(given.pids));
}

/* Events that are there already, from the first connection to the last event. */
static void replay(account before) {
  while (seen.received == before.received && now() - before.at < given.patience * SECOND) turn(5000000);
  int64_t last = settle(SECOND, given.patience * SECOND);
  account after = look();
  long received = after.received - before.received;
  double seconds = (last - before.at) / 1e9, each = received ? 1e6 / received : 0;
  printf("{\"replayed\":%ld,\"seconds\":%.3f,\"server_us\":%.3f,\"redis_us\":%.3f,\"server\":%.3f}\n", received, seconds,
         (after.server - before.server) * each, (after.redis - before.redis) * each, after.server - before.server);
}

/* Events that somebody else stamps, with step 00 and phase m. */
static void listen_only(void) {
  hist_clear();
  seen.measured = 0;
  account before = look();
  pass(given.hold * SECOND);
  result found = {.rate = 0};
  given.seconds = given.hold;
  fill(&found, before, look(), seen.measured);
  tell("heard", found);
}

typedef struct {
  const char *name;
  size_t at;
  char kind;
} option;
#define TEXT(name) {#name, offsetof(options, name), 's'}
#define WHOLE(name) {#name, offsetof(options, name), 'i'}
#define REAL(name) {#name, offsetof(options, name), 'd'}
static const option known[] = {
    TEXT(mode), TEXT(pub), TEXT(path), TEXT(header), TEXT(ready), TEXT(chan), TEXT(env), TEXT(head), TEXT(sha),
    TEXT(names), TEXT(ppath), TEXT(pids), TEXT(rpids), WHOLE(port), WHOLE(pport), WHOLE(channels), WHOLE(readers),
    WHOLE(connections), WHOLE(concurrent), WHOLE(size), WHOLE(prime), WHOLE(bisect), WHOLE(fails), REAL(rate), REAL(seconds),
    REAL(warm), REAL(start), REAL(most), REAL(factor), REAL(p99), REAL(together), REAL(hold), REAL(patience),
};

static void take(char *argument) {
  char *value = strchr(argument, '=');
  if (value) *value++ = 0;
  for (size_t i = 0; value && i < sizeof known / sizeof *known; i++) {
    void *place = (char *)&given + known[i].at;
    if (strcmp(argument, known[i].name)) continue;
    if (known[i].kind == 's') *(const char **)place = value;
    if (known[i].kind == 'i') *(int *)place = atoi(value);
    if (known[i].kind == 'd') *(double *)place = atof(value);
    return;
  }
  fprintf(stderr, "no such option: %s\n", argument);
  exit(2);
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1000UL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < count; i++) take(arguments[i]);
  load_names();
  readers_make();
  publish_begin();
  account before = look();
  long size = rss_of(given.pids);
  int opened = readers_open();
  double seconds = (now() - before.at) / 1e9, spent = cpu_of(given.pids) - before.server;
  if (!strcmp(given.mode, "replay")) {
    replay(before);
    return opened < 0 ? 3 : 0;
  }
  pass(300000000);
  printf("{\"open\":%d,\"of\":%d,\"seconds\":%.3f,\"server\":%.3f,\"rss_before\":%ld,\"rss\":%ld,\"refused\":%ld}\n", seen.open,
         given.readers, seconds, spent, size, rss_of(given.pids), seen.refused);
  if (opened < 0) return 3;
  if (!strcmp(given.mode, "idle")) idle();
  if (!strcmp(given.mode, "rate")) step(given.rate);
  if (!strcmp(given.mode, "search")) search();
  if (!strcmp(given.mode, "listen")) listen_only();
  readers_close();
  return 0;
}
