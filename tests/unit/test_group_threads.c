/* A group of three threads: what is gathered, how failures travel, and what happens when one does
 * not answer. */
#include "group/group.h"
#include "support/support.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { SIZE = 3 };

/* An engine on memory that threads share. */
typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char bytes[8192];
    int arrived, left;
    unsigned round;
    int aborted;
} meeting;

typedef struct member {
    meeting *meeting;
    size_t rank;
    dn_group *group;
    dn_error error;
    dn_status status;
    int passed;
} member;

static int wait_round(meeting *self, unsigned round, double seconds) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += (time_t)seconds + 1;
    while (self->round == round)
        if (pthread_cond_timedwait(&self->changed, &self->lock, &end) != 0)
            return 0;
    return 1;
}

/* All put their bytes down; the last one to come opens the next round, in which all take them. */
static int pass_barrier(meeting *self, double seconds) {
    unsigned round = self->round;
    if (++self->arrived < SIZE)
        return wait_round(self, round, seconds);
    self->arrived = 0;
    self->round++;
    pthread_cond_broadcast(&self->changed);
    return 1;
}

static dn_engine_status thread_gather(void *context, void *all, const size_t *sizes, double seconds,
                                      const char **message) {
    member *self = context;
    meeting *common = self->meeting;
    size_t before = 0, total = 0;
    for (size_t i = 0; i < SIZE; i++) {
        before += i < self->rank ? sizes[i] : 0;
        total += sizes[i];
    }
    *message = "";
    pthread_mutex_lock(&common->lock);
    memcpy(common->bytes + before, (char *)all + before, sizes[self->rank]);
    int in_time = pass_barrier(common, seconds);
    if (in_time) {
        memcpy(all, common->bytes, total);
        in_time = pass_barrier(common, seconds);
    }
    pthread_mutex_unlock(&common->lock);
    return in_time ? DN_ENGINE_OK : DN_ENGINE_LATE;
}

static void thread_abort(void *context, int status) {
    member *self = context;
    self->meeting->aborted = status;
}

static void thread_leave(void *context) {
    (void)context;
}

static const dn_engine engine = {DN_ENGINE_VERSION, "threads",    NULL,
                                 thread_gather,     thread_abort, thread_leave};

/* Runs `work` in three threads, each with its member of a group. */
static void run_members(void *(*work)(void *), member members[SIZE]) {
    static meeting common;
    pthread_t threads[SIZE];
    common = (meeting){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    for (size_t i = 0; i < SIZE; i++) {
        members[i] = (member){.meeting = &common, .rank = i};
        assert_int_equal(dn_group_create(&engine, &members[i], i, SIZE, &members[i].group, NULL),
                         DN_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &members[i]), 0);
    }
    for (size_t i = 0; i < SIZE; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < SIZE; i++)
        dn_group_leave(members[i].group);
}

/* Process r gives r + 1 letters. */
static void *gather_letters(void *context) {
    member *self = context;
    char all[8] = "......", word[8] = "other";
    for (size_t i = 0; i < SIZE; i++)
        dn_group_sizes(self->group)[i] = i + 1;
    memset(all + (self->rank == 0   ? 0
                  : self->rank == 1 ? 1
                                    : 3),
           "abc"[self->rank], self -> rank + 1);
    self->status = dn_group_gather(self->group, DN_OK, all, dn_group_sizes(self->group), NULL);
    self->passed = strcmp(all, "abbccc") == 0;
    if (self->rank == 0)
        memcpy(word, "first", 6);
    self->status |= dn_group_broadcast(self->group, DN_OK, word, sizeof word, NULL);
    self->passed &= strcmp(word, "first") == 0;
    self->status |= dn_group_same(self->group, "words", word, NULL);
    self->status |= dn_group_finish(self->group, DN_OK, NULL);
    return NULL;
}

static void test_gather(void **state) {
    (void)state;
    member members[SIZE];
    run_members(gather_letters, members);
    for (size_t i = 0; i < SIZE; i++) {
        assert_int_equal(members[i].status, DN_OK);
        assert_true(members[i].passed);
    }
}

/* Process 1 fails on its own while the others are about to gather; the group serves again. */
static void *fail_in_one(void *context) {
    member *self = context;
    char all[SIZE];
    const size_t sizes[SIZE] = {1, 1, 1};
    if (self->rank == 1)
        self->status = dn_fail(&self->error, DN_ERROR_DATA, "no pictures");
    else
        self->status = dn_group_gather(self->group, DN_OK, all, sizes, &self->error);
    self->status = dn_group_finish(self->group, self->status, &self->error);
    self->passed = dn_group_finish(self->group, DN_OK, NULL) == DN_OK; /* all know of it */
    dn_group_begin(self->group);
    self->passed &= dn_group_finish(self->group, DN_OK, NULL) == DN_OK;
    return NULL;
}

static void test_failures_travel(void **state) {
    (void)state;
    member members[SIZE];
    run_members(fail_in_one, members);
    for (size_t i = 0; i < SIZE; i++) {
        assert_int_equal(members[i].status, DN_ERROR_DATA);
        assert_string_equal(members[i].error.message, "process 1 of 3: no pictures");
        assert_true(members[i].passed);
    }
}

static void *differ(void *context) {
    member *self = context;
    self->status =
        dn_group_same(self->group, "pictures", self->rank == 2 ? "b" : "a", &self->error);
    self->status = dn_group_finish(self->group, self->status, &self->error);
    return NULL;
}

static void test_differences(void **state) {
    (void)state;
    member members[SIZE];
    run_members(differ, members);
    for (size_t i = 0; i < SIZE; i++) {
        assert_int_equal(members[i].status, DN_ERROR_DATA);
        assert_string_equal(members[i].error.message,
                            "process 2 of 3 has other pictures than process 0; all of them must "
                            "have the same");
    }
}

/* Process 2 never comes. */
static void *stay_away(void *context) {
    member *self = context;
    self->group->seconds = 0.1;
    if (self->rank == 2)
        return NULL;
    self->status = dn_group_agree(self->group, DN_OK, &self->error);
    self->passed = dn_group_is_lost(self->group);
    self->status |= dn_group_finish(self->group, self->status, &self->error) == DN_OK;
    return NULL;
}

static void test_nobody_answers(void **state) {
    (void)state;
    member members[SIZE];
    run_members(stay_away, members);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(members[i].status, DN_ERROR_IO);
        assert_true(members[i].passed);
        assert_non_null(strstr(members[i].error.message, "have not answered"));
    }
    assert_int_equal(members[0].meeting->aborted, 1);
}

/* Of one process: nothing happens, and statuses pass through. */
static void test_alone(void **state) {
    (void)state;
    char byte = 'x';
    const size_t size = 1;
    dn_group *group;
    dn_error error = {0};
    assert_ok(dn_group_join(&group, &error));
    assert_null(group);
    assert_int_equal(dn_group_rank(NULL), 0);
    assert_int_equal(dn_group_size(NULL), 1);
    assert_int_equal(dn_group_gather(NULL, DN_OK, &byte, &size, &error), DN_OK);
    assert_int_equal(dn_group_broadcast(NULL, DN_ERROR_IO, &byte, 1, &error), DN_ERROR_IO);
    assert_int_equal(dn_group_finish(NULL, DN_CANCELLED, &error), DN_CANCELLED);
    assert_int_equal(dn_group_same(NULL, "x", "y", &error), DN_OK);
    dn_group_leave(NULL);
}

static void test_shares(void **state) {
    (void)state;
    for (size_t count = 1; count < 6; count++)
        for (size_t total = 0; total < 20; total++) {
            size_t taken = 0;
            for (size_t index = 0; index < count; index++) {
                const dn_share share = {index, count};
                size_t own = 0;
                for (size_t i = 0; i < total; i++)
                    own += dn_share_takes(&share, i) != 0;
                assert_int_equal(own, dn_share_size(&share, total));
                taken += own;
            }
            assert_int_equal(taken, total);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather),      cmocka_unit_test(test_failures_travel),
        cmocka_unit_test(test_differences), cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_alone),       cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
