/* Counts the sessions with an account that can read no key: crawl --help */
#include <errno.h>
#include <mysql.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 100 };    /* Rows of a statement: none is long, and at most 100 MiB are in memory */
enum { DEEPEST = 512 }; /* Arrays and objects inside one another, as in PHP's json_decode() */

typedef const unsigned char *Place; /* In the bytes of a session; NULL is behind a mistake */

/* What a session has of the names that are asked for. */
typedef struct { int count, user, others; } Names;

static void note(Names *names, Place name, size_t length) {
  if (length == 5 && !memcmp(name, "count", 5)) names->count = 1;
  else if (length == 4 && !memcmp(name, "user", 4)) names->user = 1;
  else names->others = 1;
}

/* Each function below gets a place and the end of all bytes, and returns the place behind what it
   has read. NULL in gives NULL out, so that a chain of them needs one check, at its end. */

static Place text(Place at, Place end, const char *wanted) {
  size_t length = strlen(wanted);
  if (!at || (size_t)(end - at) < length || memcmp(at, wanted, length)) return NULL;
  return at + length;
}

static Place digits(Place at, Place end) {
  Place from = at;
  while (at && at < end && *at >= '0' && *at <= '9') at++;
  return at == from ? NULL : at;
}

static Place integer(Place at, Place end) {
  return digits(at && at < end && *at == '-' ? at + 1 : at, end);
}

/* A length of one to seven digits, so that no sum overflows. */
static Place number_of(Place at, Place end, size_t *count) {
  Place behind = digits(at, end);
  if (!behind || behind - at > 7) return NULL;
  for (*count = 0; at < behind; at++) *count = *count * 10 + (size_t)(*at - '0');
  return behind;
}

static Place skip(Place at, Place end, size_t count) {
  return at && (size_t)(end - at) >= count ? at + count : NULL;
}

/* A number as JSON and PHP write it. */
static Place number(Place at, Place end) {
  Place whole = at && at < end && *at == '-' ? at + 1 : at;
  at = digits(whole, end);
  if (at && *whole == '0') at = whole + 1;
  Place part = digits(text(at, end, "."), end);
  if (part) at = part;
  if (at && at < end && (*at == 'e' || *at == 'E')) {
    Place sign = at + 1 < end && (at[1] == '+' || at[1] == '-') ? at + 2 : at + 1;
    if (digits(sign, end)) at = digits(sign, end);
  }
  return at;
}

static Place php_key(Place at, Place end) {
  size_t length;
  if (text(at, end, "i:")) return text(integer(at + 2, end), end, ";");
  at = text(number_of(text(at, end, "s:"), end, &length), end, ":\"");
  return text(skip(at, end, length), end, "\";");
}

static Place php_value(Place at, Place end, int depth) {
  if (!at || end - at < 2) return NULL;
  Place in = at + 2; /* Behind the letter and its colon */
  size_t length, name;
  if (*at == 'N') return text(at, end, "N;");
  if (at[1] != ':') return NULL;
  switch (*at) {
    case 'b': return text(in, end, "0;") ? in + 2 : text(in, end, "1;");
    case 'i': return php_key(at, end);
    case 's': return php_key(at, end);
    case 'r': case 'R': return text(digits(in, end), end, ";");
    case 'd':
      if (text(in, end, "NAN;")) return in + 4;
      if (text(in, end, "INF;")) return in + 4;
      if (text(in, end, "-INF;")) return in + 5;
      return text(number(in, end), end, ";");
    case 'E':
      in = text(number_of(in, end, &length), end, ":\"");
      return text(skip(in, end, length), end, "\";");
    case 'a':
      in = text(number_of(in, end, &length), end, ":{");
      break;
    case 'O': case 'C':
      in = text(number_of(in, end, &name), end, ":\"");
      in = text(skip(in, end, name), end, "\":");
      in = text(number_of(in, end, &length), end, ":{");
      break;
    default: return NULL;
  }
  if (!in || depth == DEEPEST) return NULL;
  if (*at == 'C') return text(skip(in, end, length), end, "}"); /* Only the class can read these */
  for (; in && length > 0; length--) in = php_value(php_key(in, end), end, depth + 1);
  return text(in, end, "}");
}

/* count|i:1;user|s:3:"Ann"; with any bytes in a value, bars too. */
static int php_names(Place at, Place end, Names *names) {
  while (at && at < end) {
    Place bar = memchr(at, '|', (size_t)(end - at));
    if (!bar) return 0;
    note(names, at, (size_t)(bar - at));
    at = php_value(bar + 1, end, 0);
  }
  return at != NULL;
}

static Place space(Place at, Place end) {
  while (at && at < end && strchr(" \t\n\r", *at) && *at) at++;
  return at;
}

static Place json_string(Place at, Place end) {
  at = text(at, end, "\"");
  while (at && at < end && *at != '"') {
    if (*at < 0x20) return NULL;
    if (*at++ != '\\') continue;
    if (at == end || !*at || !strchr("\"\\/bfnrtu", *at)) return NULL;
    if (*at++ != 'u') continue;
    for (int left = 4; left > 0; left--, at++)
      if (at >= end || !*at || !strchr("0123456789abcdefABCDEF", *at)) return NULL;
  }
  return text(at, end, "\"");
}

/* The members of the envelope, or with `names` those of its data. */
typedef struct { Place version, data, php; int members; Names *names; } Members;

static void member(Members *list, Place name, Place behind, Place value) {
  size_t length = name ? (size_t)(behind - name) : 0;
  list->members++;
  if (list->names) note(list->names, name, length);
  else if (length == 1 && *name == 'v') list->version = value;
  else if (length == 4 && !memcmp(name, "data", 4)) list->data = value;
  else if (length == 3 && !memcmp(name, "php", 3)) list->php = value;
}

static Place json_value(Place at, Place end, int depth, Members *list) {
  if (!at || at == end) return NULL;
  if (*at == '"') return json_string(at, end);
  if (text(at, end, "true") || text(at, end, "null")) return at + 4;
  if (text(at, end, "false")) return at + 5;
  if (*at != '{' && *at != '[') return number(at, end);
  if (depth == DEEPEST) return NULL;
  const int is_object = *at == '{';
  const char *close = is_object ? "}" : "]";
  at = space(at + 1, end);
  if (text(at, end, close)) return at + 1;
  while (at) {
    Place name = NULL, behind = NULL;
    if (is_object) {
      behind = json_string(at, end);
      name = behind ? at + 1 : NULL;
      at = space(text(space(behind, end), end, ":"), end);
    }
    if (!at) return NULL;
    if (list) member(list, name, name ? behind - 1 : NULL, at);
    at = space(json_value(at, end, depth + 1, NULL), end);
    if (text(at, end, close)) return at + 1;
    at = space(text(at, end, ","), end);
  }
  return NULL;
}

/* RFC 3629's table of well-formed UTF-8: no detour, no half of a pair, nothing above U+10FFFF. */
static int is_utf8(Place at, Place end) {
  while (at < end) {
    unsigned char first = *at++, low = 0x80, high = 0xbf;
    if (first < 0x80) continue;
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
    for (; more > 0; more--, low = 0x80, high = 0xbf)
      if (at == end || *at < low || *at++ > high) return 0;
  }
  return 1;
}

/* {"v":2,"data":{"count":1}}, or "php" in place of "data" for PHP's bytes. */
static int json_names(Place at, Place end, Names *names) {
  Members root = {0};
  if (!is_utf8(at, end) || space(json_value(at, end, 0, &root), end) != end) return 0;
  if (root.members != 2 || !root.version) return 0;
  Place version = number(root.version, end);
  if (!version || version - root.version != 1 || *root.version != '2') return 0;
  if (root.php) {
    names->others = 1;
    return *root.php == '"';
  }
  if (!root.data || (*root.data != '{' && *root.data != '[')) return 0;
  Members data = {.names = names};
  return json_value(root.data, end, 1, &data) != NULL;
}

enum {
  ROWS, UNUSED, EXPIRED, ALIVE, UNDER_1, UNDER_5, UNDER_15, LONGER, EMPTY, PHP, JSON, MALFORMED,
  WITH_COUNT, WITH_USER, WITH_OTHERS, BYTES, COUNTS
};
static const char *const labels[COUNTS] = {
    "rows", "unused", "expired", "alive", "alive under 1 min", "alive under 5 min",
    "alive under 15 min", "alive longer", "empty", "php", "json", "malformed",
    "with count", "with user", "with other keys", "bytes"};

/* Counts one session by its format and its variables; `d` is NULL if it is too large. */
static void count_names(Place d, size_t length, unsigned long long *counts) {
  Names names = {0};
  int is_json = d && text(d, d + length, "{\"v\":") != NULL;
  if (!d || !(is_json ? json_names : php_names)(d, d + length, &names)) {
    counts[MALFORMED]++;
    return;
  }
  counts[is_json ? JSON : length ? PHP : EMPTY]++;
  counts[WITH_COUNT] += (unsigned)names.count;
  counts[WITH_USER] += (unsigned)names.user;
  counts[WITH_OTHERS] += (unsigned)names.others;
}

/* Keeps the three largest. */
static void keep(unsigned long long *largest, unsigned long long size) {
  for (int i = 0; i < 3; i++)
    if (size > largest[i]) {
      unsigned long long smaller = largest[i];
      largest[i] = size;
      size = smaller;
    }
}

static const char *setting(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value ? value : otherwise;
}

static MYSQL_RES *ask(MYSQL *db, const char *sql) {
  return mysql_query(db, sql) ? NULL : mysql_store_result(db);
}

/* Reads every row once, page after page, and prints the census; 0 if the database fails. */
static int take_census(MYSQL *db, long long lifetime, long long now) {
  unsigned long long counts[COUNTS] = {0}, largest[4] = {0}, sized = 0;
  unsigned int seconds = 5;
  my_bool off = 0; /* On the loopback, as the other three: without TLS */
  mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  mysql_options(db, MYSQL_OPT_READ_TIMEOUT, &seconds);
  mysql_options(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off);
  if (!mysql_real_connect(db, setting("CRAWL_HOST", "127.0.0.1"), getenv("CRAWL_USER"),
                          setting("CRAWL_PASSWORD", ""), getenv("CRAWL_DATABASE"),
                          (unsigned)atoi(setting("CRAWL_PORT", "3306")), NULL, 0))
    return 0;
  if (mysql_query(db, "SET /*M! max_statement_time=2, *//*!50708 max_execution_time=2000, */ "
                      "lock_wait_timeout=1"))
    return 0;
  MYSQL_RES *page = ask(db, "SELECT UNIX_TIMESTAMP(), COALESCE(MAX(n), 0) FROM crawlable");
  if (!page) return 0;
  MYSQL_ROW row = mysql_fetch_row(page);
  if (now < 0) now = strtoll(row[0], NULL, 10);
  unsigned long long at = 0, last = strtoull(row[1], NULL, 10);
  mysql_free_result(page);
  for (unsigned long long rows = PAGE; rows == PAGE;) { /* No transaction, so no lock */
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT n, updated, bytes, d FROM crawlable WHERE n > %llu AND n <= %llu "
             "ORDER BY n LIMIT %d", at, last, PAGE);
    if (!(page = ask(db, sql))) return 0;
    rows = mysql_num_rows(page);
    while ((row = mysql_fetch_row(page))) {
      at = strtoull(row[0], NULL, 10);
      counts[ROWS]++;
      if (!row[2]) { /* An id that was issued, and never saved */
        counts[UNUSED]++;
        continue;
      }
      long long updated = row[1] ? strtoll(row[1], NULL, 10) : 0;
      if (!row[1] || updated < now - lifetime || updated > now + lifetime) {
        counts[EXPIRED]++;
        continue;
      }
      long long age = now - updated;
      counts[ALIVE]++;
      counts[age < 60 ? UNDER_1 : age < 300 ? UNDER_5 : age < 900 ? UNDER_15 : LONGER]++;
      counts[BYTES] += strtoull(row[2], NULL, 10);
      keep(largest, strtoull(row[2], NULL, 10));
      sized++;
      /* By its length: to strlen() a session would end at its first NUL byte. */
      count_names((Place)row[3], mysql_fetch_lengths(page)[3], counts);
    }
    mysql_free_result(page);
  }
  printf("time: %lld\n", now);
  for (int i = 0; i < COUNTS; i++) printf("%s: %llu\n", labels[i], counts[i]);
  printf("largest:");
  for (unsigned i = 0; i < 3 && i < sized; i++) printf(" %llu", largest[i]);
  printf("\n\n");
  fflush(stdout);
  return 1;
}

static void end(int signal) {
  (void)signal;
  _exit(0); /* Nothing is open that a lock or a transaction hangs on */
}

static void usage(const char *problem, const char *what) {
  fprintf(problem ? stderr : stdout,
          "usage: crawl (--once | --interval SECONDS) [--lifetime SECONDS] [--now TIME]\n\n"
          "Counts the sessions. CRAWL_USER, CRAWL_PASSWORD, CRAWL_DATABASE, CRAWL_HOST and\n"
          "CRAWL_PORT name the account. Exit codes: 0 done, or ended by SIGTERM; 1 the database\n"
          "failed; 2 wrong usage.\n");
  if (problem) fprintf(stderr, "crawl: %s: %s\n", what, problem);
  exit(problem ? 2 : 0);
}

/* A whole number: strtoll alone would take " +5x". */
static long long whole(const char *name, const char *value) {
  size_t length = value ? strlen(value) : 0;
  if (length < 1 || length > 15 || strspn(value, "0123456789") != length)
    usage("must be a whole number", name);
  return strtoll(value, NULL, 10);
}

int main(int argc, char **argv) {
  long long interval = -1, lifetime = 1440, now = -1;
  int once = 0;
  signal(SIGTERM, end);
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    if (!strcmp(name, "--help")) usage(NULL, NULL);
    else if (!strcmp(name, "--once")) once = 1;
    else if (!strcmp(name, "--interval")) interval = whole(name, argv[++i]);
    else if (!strcmp(name, "--lifetime")) lifetime = whole(name, argv[++i]);
    else if (!strcmp(name, "--now")) now = whole(name, argv[++i]);
    else usage("is unknown", name);
  }
  if (once == (interval >= 0)) usage("give one of them", "--once, --interval");
  whole("CRAWL_PORT", setting("CRAWL_PORT", "3306"));
  if (!getenv("CRAWL_USER")) usage("is not set", "CRAWL_USER");
  if (!getenv("CRAWL_DATABASE")) usage("is not set", "CRAWL_DATABASE");
  for (;;) {
    MYSQL *db = mysql_init(NULL);
    int done = db && take_census(db, lifetime, now);
    if (!done) fprintf(stderr, "crawl: %s\n", db ? mysql_error(db) : "no memory");
    if (db) mysql_close(db);
    if (once) return done ? 0 : 1;
    sleep((unsigned)interval);
  }
}
