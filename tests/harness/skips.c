/* Tests that pass, skip and fail, as the argument's letters say: "psf". For skips.sh. */
#include "support/support.h"

static void passes(void **state) {
    (void)state;
}

static void skips(void **state) {
    (void)state;
    skip();
}

static void fails(void **state) {
    (void)state;
    fail();
}

int main(int count, char **arguments) {
    struct CMUnitTest tests[2];
    for (int i = 0; i < 2; i++) {
        char letter = count > 1 ? arguments[1][i] : 'f';
        tests[i] = (struct CMUnitTest){
            letter == 'p'   ? "passes"
            : letter == 's' ? "skips"
                            : "fails",
            letter == 'p'   ? passes
            : letter == 's' ? skips
                            : fails,
            NULL,
            NULL,
            NULL,
        };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
