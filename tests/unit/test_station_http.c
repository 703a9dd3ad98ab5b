/* What the station's HTTP server refuses before a handler sees it, and the reader of forms. */
#include "station/http/access.h"
#include "station/http/guard.h"
#include "station/http/internal.h"
#include "station/http/multipart.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- heads ---- */

static int check_head(const char *method, const char *host, const char *origin) {
    static const char *const hosts[] = {"localhost", "127.0.0.1", "::1", "line1"};
    const dn_guard_head head = {.method = method,
                                .host = host,
                                .origin = origin,
                                .host_count = host != NULL,
                                .hosts = hosts,
                                .hosts_count = 4};
    const char *reason;
    int status = dn_guard_check(&head, &reason);
    assert_int_equal(status != 0, reason != NULL);
    return status;
}

static void test_heads(void **state) {
    (void)state;
    assert_int_equal(check_head("GET", "localhost:8080", NULL), 0);
    assert_int_equal(check_head("HEAD", "LINE1", NULL), 0);
    assert_int_equal(check_head("POST", "[::1]:8080", "http://[::1]:8080"), 0);
    assert_int_equal(check_head("GET", NULL, NULL), 400);
    assert_int_equal(check_head("GET", "localhost.evil.example", NULL), 421);
    assert_int_equal(check_head("GET", "localhost:80x", NULL), 421);
    assert_int_equal(check_head("GET", "[::1", NULL), 421);
    assert_int_equal(check_head("GET", "", NULL), 421);
    assert_int_equal(check_head("GET", "localhost:8080", "http://localhost:8081"), 403);
    assert_int_equal(check_head("GET", "localhost", "https://localhost"), 403);
    assert_int_equal(check_head("GET", "localhost", "null"), 403);
    assert_int_equal(check_head("TRACE", "localhost", NULL), 405);
    assert_int_equal(check_head("OPTIONS", "localhost", NULL), 405);
    assert_int_equal(check_head("get", "localhost", NULL), 405);
}

static int check_lengths(const char *encoding, const char *length, size_t lengths, size_t hosts) {
    static const char *const names[] = {"a"};
    const dn_guard_head head = {.method = "POST",
                                .host = "a",
                                .transfer_encoding = encoding,
                                .content_length = length,
                                .host_count = hosts,
                                .length_count = lengths,
                                .hosts = names,
                                .hosts_count = 1};
    const char *reason;
    return dn_guard_check(&head, &reason);
}

/* What a proxy and the station could read differently. */
static void test_smuggling(void **state) {
    (void)state;
    assert_int_equal(check_lengths("chunked", NULL, 0, 1), 0);
    assert_int_equal(check_lengths(NULL, "3", 1, 1), 0);
    assert_int_equal(check_lengths("chunked", "3", 1, 1), 400);
    assert_int_equal(check_lengths("gzip, chunked", NULL, 0, 1), 400);
    assert_int_equal(check_lengths(NULL, "3", 2, 1), 400);
    assert_int_equal(check_lengths(NULL, "3", 1, 2), 400);
}

static void test_loopback(void **state) {
    (void)state;
    assert_true(dn_guard_is_loopback("127.0.0.1"));
    assert_true(dn_guard_is_loopback("127.3.2.1"));
    assert_true(dn_guard_is_loopback("::1"));
    assert_true(dn_guard_is_loopback("localhost"));
    assert_false(dn_guard_is_loopback("0.0.0.0"));
    assert_false(dn_guard_is_loopback("::"));
    assert_false(dn_guard_is_loopback("localhost.evil.example"));
    assert_false(dn_guard_is_loopback("127.0.0.1.evil.example"));
}

/* ---- routes ---- */

static const dn_route ROUTES[] = {{"POST", "/m/{}:predict", DN_ROLE_NONE, NULL},
                                  {"GET", "/m/{}", DN_ROLE_NONE, NULL},
                                  {"GET", "/i/{}/{}", DN_ROLE_NONE, NULL}};

static const dn_route *find(const char *method, const char *path, dn_http_request *request,
                            const char **allow) {
    return dn_route_find(ROUTES, 3, method, path, request, allow);
}

static void test_routes(void **state) {
    (void)state;
    dn_http_request request = {0};
    const char *allow;
    assert_ptr_equal(find("POST", "/m/a:b:predict", &request, &allow), &ROUTES[0]);
    assert_string_equal(request.parameters[0], "a:b");
    assert_ptr_equal(find("HEAD", "/i/1/map", &request, &allow), &ROUTES[2]);
    assert_string_equal(request.parameters[0], "1");
    assert_string_equal(request.parameters[1], "map");
    assert_null(find("POST", "/i/1/map", &request, &allow));
    assert_string_equal(allow, "GET, HEAD");
    assert_null(find("GET", "/m/a:predict", &request, &allow));
    assert_string_equal(allow, "POST");
    assert_null(find("GET", "/m/", &request, &allow));
    assert_null(find("GET", "/m/a/b", &request, &allow));
    assert_null(allow);
}

/* ---- forms ---- */

typedef struct seen {
    int count;
    dn_part last;
} seen;

static int take(void *user, const dn_part *part) {
    seen *self = user;
    self->count++;
    self->last = *part;
    return 1;
}

static dn_part_fault read_form(const char *type, const char *body, seen *found) {
    *found = (seen){0};
    return dn_multipart_read(type, body, strlen(body), take, found);
}

#define DISPOSITION "Content-Disposition: form-data; "
static const char TYPE[] = "multipart/form-data; charset=\"x;boundary=no\"; boundary=Z7";

static void test_forms(void **state) {
    (void)state;
    seen found;
    assert_null(
        read_form(TYPE,
                  "--Z7\r\n" DISPOSITION "name=\"a\"\r\n\r\n--Z\r\n--Z7 \r\n" DISPOSITION
                  "name=file; filename=\"../x\\\"y.png\"\r\nX: y\r\n\r\nbytes\r\n--Z7--\r\n",
                  &found));
    assert_int_equal(found.count, 2);
    assert_string_equal(found.last.file_name, "x\"y.png");
    assert_int_equal(found.last.size, 5);
    assert_memory_equal(found.last.data, "bytes", 5);
    assert_null(read_form(TYPE, "--Z7\r\n" DISPOSITION "name=a\r\n\r\n\r\n--Z7--", &found));
    assert_int_equal(found.last.size, 0);
    assert_null(read_form(TYPE, "--Z7--", &found));
    assert_non_null(read_form(TYPE, "--Z7\r\n" DISPOSITION "name=a\r\n\r\nb", &found));
    assert_non_null(read_form(TYPE, "--Z7\r\nX: y\r\n\r\nb\r\n--Z7--", &found));
    assert_non_null(read_form(TYPE, "--Z7\r\n" DISPOSITION "name=\"a\r\n\r\nb\r\n--Z7--", &found));
    assert_non_null(read_form(TYPE, "--Z8--", &found));
    assert_non_null(read_form("multipart/form-data", "--Z7--", &found));
    assert_false(dn_is_multipart("multipart/form-datax"));
    assert_false(dn_is_multipart(NULL));
}

/* ---- tokens ---- */

static void write_tokens(const char *path, const char *text, mode_t mode) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
    assert_int_equal(chmod(path, mode), 0);
}

static void test_tokens(void **state) {
    (void)state;
    static const char good[] = "# who\nread 0123456789abcdef\n\nadmin fedcba9876543210\n";
    char *folder = temporary_create(), path[300];
    dn_access *access;
    dn_error error;
    dn_role role;
    snprintf(path, sizeof path, "%s/tokens", folder);
    write_tokens(path, good, 0640);
    assert_fails(dn_access_create(path, 10, &access, &error), DN_ERROR_CONFIG, "chmod 600");
    write_tokens(path, "read short\n", 0600);
    assert_fails(dn_access_create(path, 10, &access, &error), DN_ERROR_CONFIG,
                 "tokens:1: expected");
    write_tokens(path, "# nobody\n", 0600);
    assert_fails(dn_access_create(path, 10, &access, &error), DN_ERROR_CONFIG, "holds no token");
    write_tokens(path, good, 0600);
    assert_ok(dn_access_create(path, 10, &access, &error));
    assert_int_equal(dn_access_ask(access, "Bearer 0123456789abcdef", "a", &role), DN_ACCESS_GIVEN);
    assert_int_equal(role, DN_ROLE_READ);
    assert_int_equal(dn_access_ask(access, "bearer fedcba9876543210", "a", &role), DN_ACCESS_GIVEN);
    assert_int_equal(role, DN_ROLE_ADMIN);
    assert_int_equal(dn_access_ask(access, NULL, "a", &role), DN_ACCESS_REFUSED);
    assert_int_equal(dn_access_ask(access, "Basic 0123456789abcdef", "a", &role),
                     DN_ACCESS_REFUSED);
    for (int i = 0; i < 9; i++)
        assert_int_equal(dn_access_ask(access, "Bearer x", "a", &role), DN_ACCESS_REFUSED);
    assert_int_equal(dn_access_ask(access, "Bearer 0123456789abcdef", "a", &role),
                     DN_ACCESS_LIMITED);
    assert_int_equal(dn_access_ask(access, "Bearer 0123456789abcdef", "b", &role), DN_ACCESS_GIVEN);
    dn_access *next;
    write_tokens(path, "read short\n", 0600);
    assert_fails(dn_access_create(path, 10, &next, &error), DN_ERROR_CONFIG, "expected");
    write_tokens(path, "inspect 0123456789abcdef\n", 0600);
    assert_ok(dn_access_create(path, 10, &next, &error));
    dn_access_replace(access, next);
    assert_int_equal(dn_access_ask(access, "Bearer 0123456789abcdef", "b", &role), DN_ACCESS_GIVEN);
    assert_int_equal(role, DN_ROLE_INSPECT);
    assert_int_equal(dn_access_ask(access, "Bearer fedcba9876543210", "b", &role),
                     DN_ACCESS_REFUSED);
    dn_access_destroy(access);
    temporary_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),    cmocka_unit_test(test_smuggling),
        cmocka_unit_test(test_loopback), cmocka_unit_test(test_routes),
        cmocka_unit_test(test_forms),    cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
