/* Verbs, options, help, man page, configuration: what is accepted and how the rest is refused. */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_refuses_wrong_usage(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "differnet: a verb is missing\n"},
        {"trian", "differnet: unknown verb \"trian\": did you mean \"train\"?\n"},
        {"evalute", "did you mean \"evaluate\"?"},
        {"xyzzyplugh", "differnet: unknown verb \"xyzzyplugh\"\n"},
        {"--json train", "differnet: unknown option \"--json\" before the verb\n"},
        {"serve model",
         "differnet: serve: not in this build: the Debian package and the tarball have it\n"},
        {"check a b", "check: unexpected argument \"b\""},
        {"export model --output x", "--format pytorch|safetensors|onnx is needed"},
        {"train --epochs 3",
         "differnet: train: unknown option \"--epochs\"\nTry \"differnet help train\".\n"},
        {"trian", "unknown verb \"trian\": did you mean \"train\"?\nTry \"differnet --help\".\n"},
        {"train --bacbone x", "train: unknown option \"--bacbone\": did you mean \"--backbone\"?"},
        {"train --quit", "did you mean \"--quiet\"?"},
        {"train -x", "train: unknown option \"-x\""},
        {"train --seed", "train: --seed needs a value: --seed N"},
        {"train --data --json", "train: --data needs a value: --data DIR"},
        {"train --json=1", "train: --json takes no value"},
        {"train somewhere",
         "train: \"somewhere\": name pictures with --good or --data; only --resume takes a folder"},
        {"train --bad ng", "--bad alone: also name pictures of good parts: --good PATH"},
        {"train --good ok --data d", "--data and --good both name pictures"},
        {"train --good 'a|b'", "--good \"a|b\": expected a path without |"},
        {"check d --good ok", "check: DATASET and --good both name pictures"},
        {"test model --good ok", "test: has no option --good"},
        {"help trian", "unknown verb \"trian\": did you mean \"train\"?"},
        {"info --seed 3 model", "info: has no option --seed"},
        {"--completion fish", "--completion \"fish\": expected bash or zsh"},
        {"info --verify", "info: --verify needs a model"},
        {"info model --data x", "info: --data and --class go with --verify"},
        {"info --precision f32 model", "info: has no option --precision"},
        {"predict --precision f16 model x", "precision: \"f16\" is unknown"},
        {"test", "test: too few arguments: differnet test [OPTION]... MODEL"},
        {"predict model", "predict: name what to score: PATH..., --watch DIR or --stdin-image"},
        {"test model other", "test: unexpected argument \"other\""},
        {"train --set n_scales", "--set \"n_scales\": expected KEY=VALUE"},
        {"train --set =3", "expected KEY=VALUE"},
        {"train --set n_scale=3", "unknown key \"n_scale\": did you mean \"n_scales\"?"},
        {"train --set n_scales=9", "n_scales: \"9\" is out of range (expected: 1 to 6)"},
        {"train --seed -1", "seed: \"-1\" is not a whole number"},
        {"train --threads many", "threads: \"many\" is not a whole number"},
        {"train --device gpu", "device: \"gpu\" is unknown (expected: auto, cpu, cuda)"},
        {"train --set precision=bf16 --set add_img_noise=1",
         "add_img_noise adds to normalised pixels"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const program *ran = run(cases[i][0], NULL);
        assert_says(ran->err, cases[i][1]);
        assert_int_equal(strncmp(ran->err, "differnet: ", 11), 0);
        assert_int_equal(ran->status, 2);
        assert_string_equal(ran->out, "");
    }
}

static void test_help_of_the_program(void **state) {
    (void)state;
    static const char *const spellings[] = {"--help", "-h", "help"};
    for (int i = 0; i < 3; i++) {
        const program *ran = run(spellings[i], NULL);
        assert_int_equal(ran->status, 0);
        assert_string_equal(ran->err, "");
        static const char *const verbs[] = {"train", "test",   "predict",
                                            "info",  "config", "benchmark"};
        for (int verb = 0; verb < 6; verb++)
            assert_says(ran->out, verbs[verb]);
        assert_silent(ran->out, "serve");
        assert_silent(ran->out, "--man");
    }
    assert_string_equal(run("--version", NULL)->out, "differnet 0.0.0-stub\n");
    assert_string_equal(run("train --version", NULL)->out, "differnet 0.0.0-stub\n");
}

static void test_help_of_every_verb(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"train --help", "Usage: differnet train [OPTION]... [DIR]\n", "--seed N"},
        {"test -h", "Usage: differnet test [OPTION]... MODEL\n", "-o, --output PATH"},
        {"evaluate --help", "Also called \"evaluate\".", "--json"},
        {"predict --help", "Usage: differnet predict [OPTION]... MODEL [PATH...]\n", "--backbone"},
        {"info --help", "Usage: differnet info [OPTION]... [FILE]\n", "--json"},
        {"config --help", "Print the configuration as YAML.", "-s, --set KEY=VALUE"},
        {"import --help", "Usage: differnet import [OPTION]... FILE\n", "--set KEY=VALUE"},
        {"export --help", "Usage: differnet export [OPTION]... MODEL\n", "--half"},
        {"benchmark --help", "Measure speed and memory on this machine.", "--precision"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const program *ran = run(cases[i][0], NULL);
        assert_int_equal(ran->status, 0);
        assert_says(ran->out, cases[i][1]);
        assert_says(ran->out, cases[i][2]);
        for (const char *line = ran->out; *line; line += strcspn(line, "\n") + 1)
            assert_true(strcspn(line, "\n") <= 100);
    }
    assert_silent(run("info --help", NULL)->out, "--seed");
    assert_silent(run("config --help", NULL)->out, "--json");
}

/* Without the man page's backslashes, and with one blank between the words. */
static void make_plain(char *text) {
    char *to = text;
    for (const char *from = text; *from; from++) {
        int blank = *from == ' ' || *from == '\n';
        if (*from != '\\' && !(blank && to > text && to[-1] == ' '))
            *to++ = blank ? ' ' : *from;
    }
    *to = '\0';
}

/* What a verb's help says between its usage and its options. */
static char *description_of(const char *help) {
    const char *begin = strstr(help, "\n\n"), *end = strstr(help, "\n\nOptions:");
    assert_non_null(begin);
    assert_non_null(end);
    char *text = strndup(begin + 2, (size_t)(end - begin - 2));
    make_plain(text);
    return text;
}

/* help VERB, VERB --help and the man page have one text. */
static void test_help_is_one_text(void **state) {
    (void)state;
    static const char *const verbs[] = {"train",     "test",   "predict", "info",
                                        "config",    "check",  "merge",   "benchmark",
                                        "calibrate", "import", "export",  "evaluate"};
    char command[64], *man = strdup(run("--man", NULL)->out);
    make_plain(man);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        snprintf(command, sizeof command, "help %s", verbs[i]);
        char *text = strdup(run(command, NULL)->out);
        snprintf(command, sizeof command, "%s --help", verbs[i]);
        assert_string_equal(run(command, NULL)->out, text);
        char *description = description_of(text);
        assert_true(strlen(description) > 30);
        assert_says(man, description);
        free(description);
        free(text);
    }
    free(man);
}

/* What the script for bash offers for a line whose last word is completed. */
static void completes(const char *script, const char *words, const char *expected) {
    char command[2048], *reply = NULL;
    size_t size = 0;
    snprintf(command, sizeof command,
             "bash -c '. %s; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _differnet; "
             "echo \"${COMPREPLY[*]}\"' 2>/dev/null",
             script, words);
    FILE *shell = popen(command, "r");
    assert_non_null(shell);
    assert_true(getline(&reply, &size, shell) > 0);
    pclose(shell);
    reply[strcspn(reply, "\n")] = '\0';
    if (strcmp(reply, expected) != 0)
        fail_msg("%s: completes to \"%s\", expected \"%s\"", words, reply, expected);
    free(reply);
}

static void test_completion_knows_values(void **state) {
    (void)state;
    char *folder = temporary_create();
    const char *text = run("--completion bash", NULL)->out;
    const char *script = put_file(folder, "script", text, strlen(text));
    completes(script, "differnet train --precision \"\"", "auto f32 bf16 int8");
    completes(script, "differnet train --precision = b", "bf16");
    completes(script, "differnet export m --format \"\"", "pytorch safetensors onnx");
    completes(script, "differnet predict m --format \"\"", "json csv table");
    completes(script, "differnet train --set n_sc", "n_scales=");
    completes(script, "differnet train --set lr_schedule =", "constant cosine");
    completes(script, "differnet train --set save_model = f", "false");
    completes(script, "differnet train --set lr_init = 0", "");
    completes(script, "differnet train --set tiles =", "off auto");
    completes(script, "differnet train --set lev", "levels=");
    completes(script, "differnet train --set levels = a", "auto");
    completes(script, "differnet train --goo", "--good");
    completes(script, "differnet help cal", "calibrate");
    assert_says(run("--completion zsh", NULL)->out, "export:--format) compadd -- pytorch");
    assert_says(run("--completion zsh", NULL)->out, "precision) compadd -- auto f32 bf16 int8 ;;");
    temporary_remove(folder);
}

/* --good and --bad make one value, whatever their order. */
static void test_plain_folders(void **state) {
    (void)state;
    const program *ran = run("config --bad n1 --good 'my ok' --bad n2 --good o2", NULL);
    assert_says(ran->out, "\ndataset_path: \"good=my ok|good=o2|bad=n1|bad=n2\"\n");
    assert_says(ran->out, "\nclass_name: \"\"\n");
    ran = run("config --good ok --class screw", NULL);
    assert_says(ran->out, "\nclass_name: screw\n");
    ran = run("check -q --good ok", NULL);
    assert_string_equal(ran->out, "0 to fix, data good=ok class all\n");
}

static void test_man_page(void **state) {
    (void)state;
    const program *ran = run("--man", NULL);
    assert_int_equal(ran->status, 0);
    assert_int_equal(strncmp(ran->out, ".TH DIFFERNET 1", 15), 0);
    static const char *const parts[] = {
        ".SH VERBS",
        "\\fBevaluate\\fR",
        "\\fB\\-\\-backbone\\fR \\fIFILE\\fR",
        "\\fB\\-o\\fR, ",
        "(train, test, predict, config, check, calibrate, import, export, merge)",
        "\\fBn_coupling_blocks\\fR: 8",
        "\\fBseed\\fR: 0",
        ".SH EXIT STATUS"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_says(ran->out, parts[i]);
}

static void test_config_prints_what_it_takes(void **state) {
    (void)state;
    char *folder = temporary_create(), command[2048];
    char *yaml = strdup(run("config", NULL)->out);
    assert_says(yaml, "\nn_coupling_blocks: 8\n");
    assert_says(yaml, "# learning rate of Adam");
    put_file(folder, "c.yaml", yaml, strlen(yaml));
    snprintf(command, sizeof command, "config --config %s/c.yaml", folder);
    assert_string_equal(run(command, NULL)->out, yaml);
    free(yaml);
    temporary_remove(folder);
}

/* Files are applied first, then the rest in the order given; paths are not YAML. */
static void test_config_from_options(void **state) {
    (void)state;
    char *folder = temporary_create(), command[2048];
    put_file(folder, "c.yaml", "seed: 1\nn_scales: 2\nclass_name: file\n", 37);
    snprintf(command, sizeof command,
             "config --seed 7 -s seed=8 -c %s/c.yaml --class=a --class 'x: [y] #\"z\"\\' "
             "--data=/tmp/it\\'s -o - --threads=3 --device cpu --precision f32 "
             "--backbone w.pth --set lr_init=1e-3",
             folder);
    const program *ran = run(command, NULL);
    assert_int_equal(ran->status, 0);
    static const char *const lines[] = {"\nseed: 8\n",
                                        "\nn_scales: 2\n",
                                        "\nclass_name: \"x: [y] #\\\"z\\\"\\\\\"\n",
                                        "\ndataset_path: \"/tmp/it's\"\n",
                                        "\noutput: \"-\"\n",
                                        "\nthreads: 3\n",
                                        "\ndevice: cpu\n",
                                        "\nprecision: f32\n",
                                        "\nbackbone: w.pth\n",
                                        "\nlr_init: 0.001\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_says(ran->out, lines[i]);
    assert_int_equal(run("config --config /does/not/exist", NULL)->status, 1);
    put_file(folder, "d.yaml", "\nn_scale: 1\n", 12);
    snprintf(command, sizeof command, "config --config %s/d.yaml", folder);
    ran = run(command, NULL);
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "/d.yaml:2: unknown key \"n_scale\": did you mean \"n_scales\"?");
    temporary_remove(folder);
}

/* --set takes its value as the shell gives it: YAML would cut "part #2" to "part". */
static void test_set_takes_plain_text(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"'class_name=part #2'", "\nclass_name: \"part #2\"\n"},
        {"'class_name=a: b=c'", "\nclass_name: \"a: b=c\"\n"},
        {"'class_name=\"x\"'", "\nclass_name: \"\\\"x\\\"\"\n"},
        {"'class_name= pad '", "\nclass_name: \" pad \"\n"},
        {"'class_name={a}'", "\nclass_name: \"{a}\"\n"},
        {"class_name=", "\nclass_name: \"\"\n"},
        {"'img_size=[96, 128]'", "\nimg_size: [96, 128]\n"},
        {"img_size=96,128", "\nimg_size: [96, 128]\n"},
        {"verbose=no", "\nverbose: false\n"},
    };
    char command[128];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(command, sizeof command, "config --set %s", cases[i][0]);
        const program *ran = run(command, NULL);
        assert_int_equal(ran->status, 0);
        assert_says(ran->out, cases[i][1]);
    }
    assert_says(run("train --set 'class_name=part #2' --set output=out --quiet", NULL)->out,
                "results: out/v1");
    assert_says(run("test model --set 'class_name=part #2' --data d", NULL)->err,
                "class part #2 output");
}

/* What nobody set is the network's. */
static void test_config_of_another_network(void **state) {
    (void)state;
    const program *ran = run("config --backbone two.safetensors", NULL);
    assert_int_equal(ran->status, 0);
    assert_says(ran->out, "\nn_scales: 2\n");
    assert_says(ran->err, "warning: another normalisation");
    ran = run("config --backbone two.safetensors --set n_scales=3", NULL);
    assert_says(ran->out, "\nn_scales: 3\n");
    ran = run("config --backbone missing.safetensors", NULL);
    assert_int_equal(ran->status, 1);
    assert_says(ran->err, "missing.safetensors: cannot open");
}

static void test_control_characters_do_not_pass(void **state) {
    (void)state;
    const program *ran = run("config --data \"$(printf 'a\\nb')\"", NULL);
    assert_int_equal(ran->status, 2);
    assert_says(ran->err, "dataset_path: holds a control character at byte 2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_wrong_usage),
        cmocka_unit_test(test_help_of_the_program),
        cmocka_unit_test(test_help_of_every_verb),
        cmocka_unit_test(test_help_is_one_text),
        cmocka_unit_test(test_completion_knows_values),
        cmocka_unit_test(test_plain_folders),
        cmocka_unit_test(test_man_page),
        cmocka_unit_test(test_config_prints_what_it_takes),
        cmocka_unit_test(test_config_from_options),
        cmocka_unit_test(test_config_of_another_network),
        cmocka_unit_test(test_set_takes_plain_text),
        cmocka_unit_test(test_control_characters_do_not_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
