/* Sockets, the loop that waits for them, and texts with placeholders. */
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

void fail(const char *what) {
  perror(what);
  exit(2);
}

/* A connection to the port, under way. */
int dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (void *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
  return fd;
}

static int loop = -1;

void watch(connection *it, uint32_t events, int add) {
  if (loop < 0) loop = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event what = {.events = events, .data.ptr = it};
  if (epoll_ctl(loop, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, it->fd, &what) < 0) fail("epoll_ctl");
}

/* Waits so long at most for whatever happens, and has it handled. */
void turn(int64_t most_ns) {
  struct epoll_event events[256];
  struct timespec wait = {most_ns / SECOND, most_ns % SECOND};
  int count = epoll_pwait2(loop, events, 256, &wait, NULL);
  for (int i = 0; i < count; i++) {
    connection *it = events[i].data.ptr;
    if (it->fd >= 0) it->turn(it, events[i].events);
  }
}

static char **names, **epochs;
static long *seqs;

/* A line for each channel: its name, its epoch, the number of its last event. */
void load_names(void) {
  names = calloc(given.channels, sizeof *names);
  epochs = calloc(given.channels, sizeof *epochs);
  seqs = calloc(given.channels, sizeof *seqs);
  FILE *file = *given.names ? fopen(given.names, "r") : NULL;
  if (*given.names && !file) fail(given.names);
  char line[256], name[128], epoch[64];
  for (int i = 0; file && i < given.channels; i++) {
    if (!fgets(line, sizeof line, file) || sscanf(line, "%127s %63s %ld", name, epoch, &seqs[i]) != 3) fail("names");
    names[i] = strdup(name);
    epochs[i] = strdup(epoch);
  }
  if (file) fclose(file);
}

const char *name_of(int channel) { return names[channel] ? names[channel] : ""; }
const char *epoch_of(int channel) { return epochs[channel] ? epochs[channel] : ""; }
long next_seq(int channel) { return ++seqs[channel]; }

static int put(char *out, const char *text) {
  int n = strlen(text);
  memcpy(out, text, n);
  return n;
}

/* Writes *form* with its placeholders filled in; the length. */
int expand(char *out, const char *form, int channel, const char *payload, long seq) {
  int n = 0;
  for (; *form; form++) {
    int plain = strcspn(form, "%");
    memcpy(out + n, form, plain);
    n += plain;
    if (!*(form += plain)) break;
    if (!form[1]) {
      out[n++] = *form;
      continue;
    }
    switch (*++form) {
      case 's': n += put(out + n, payload); break;
      case 'n': n += put(out + n, name_of(channel)); break;
      case 'e': n += put(out + n, epoch_of(channel)); break;
      case 'd': n += sprintf(out + n, "%d", channel); break;
      case 'q': n += sprintf(out + n, "%ld", seq); break;
      default: out[n++] = *form;
    }
  }
  out[n] = 0;
  return n;
}
