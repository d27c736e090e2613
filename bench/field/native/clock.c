/* Time, what processes have spent of it, and how late events were. */
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

/* Seconds that the processes have had of a processor so far: their own clocks, no samples. */
double cpu_of(const char *pids) {
  double sum = 0;
  char *all = strdup(pids), *rest = all, *pid;
  while ((pid = strsep(&rest, ","))) {
    clockid_t clock;
    struct timespec t;
    if (*pid && !clock_getcpuclockid(atoi(pid), &clock) && !clock_gettime(clock, &t)) sum += t.tv_sec + t.tv_nsec / 1e9;
  }
  free(all);
  return sum;
}

/* Seconds for which they stood ready to run, and another had the processor. */
double waited_of(const char *pids) {
  double sum = 0;
  char *all = strdup(pids), *rest = all, *pid, name[64];
  unsigned long long ran, waited;
  while ((pid = strsep(&rest, ","))) {
    snprintf(name, sizeof name, "/proc/%s/schedstat", pid);
    FILE *file = fopen(name, "r");
    if (file && fscanf(file, "%llu %llu", &ran, &waited) == 2) sum += waited / 1e9;
    if (file) fclose(file);
  }
  free(all);
  return sum;
}

double own_cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* KiB of resident memory. */
long rss_of(const char *pids) {
  long sum = 0, size;
  char *all = strdup(pids), *rest = all, *pid, name[64], line[256];
  while ((pid = strsep(&rest, ","))) {
    snprintf(name, sizeof name, "/proc/%s/status", pid);
    FILE *status = fopen(name, "r");
    while (status && fgets(line, sizeof line, status))
      if (sscanf(line, "VmRSS: %ld", &size) == 1) sum += size;
    if (status) fclose(status);
  }
  free(all);
  return sum;
}

/* A histogram whose buckets are 1/64 of an octave wide: no percentile is off by more than 1.6 %. */
#define PARTS 64
static uint64_t counts[64 * PARTS], total;
static int64_t most;

void hist_clear(void) {
  memset(counts, 0, sizeof counts);
  total = most = 0;
}

void hist_add(int64_t ns) {
  if (ns < 0) ns = 0;
  if (ns > most) most = ns;
  int octave = ns < PARTS ? 0 : 63 - __builtin_clzll(ns) - 5;
  counts[octave ? octave * PARTS + ((ns >> (octave - 1)) & (PARTS - 1)) : ns]++;
  total++;
}

static double middle(int bucket) {
  if (bucket < PARTS) return bucket;
  return (double)(1LL << (bucket / PARTS + 5)) * (1 + (bucket % PARTS + 0.5) / PARTS);
}

/* The percentile in ms; -1 where nothing was counted. */
double hist_ms(double share) {
  uint64_t wanted = share * total, passed = 0;
  for (int i = 0; i < 64 * PARTS; i++)
    if ((passed += counts[i]) > wanted || (passed && passed == total)) return middle(i) / 1e6;
  return -1;
}

double hist_most_ms(void) { return most / 1e6; }
