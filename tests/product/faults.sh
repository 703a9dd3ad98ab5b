#!/usr/bin/env bash
# Faults of a factory: full disks, odd names, missing files, damaged images.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"

# one_message STATUS COMMAND...: exits with STATUS and one message as the last line on stderr.
one_message() {
    expect "$@"
    grep -q '^differnet: ' "$work/err" || { cat "$work/err" >&2; fail "$*: no message"; }
}

expect 0 "$differnet" train "${small[@]}" --quiet
model=$results/v1/model.safetensors
good=dummy_dataset/dummy_class/test/good/000.png

# Not regular files.
mkfifo "$work/pipe.png"
for odd in "$work/pipe.png" /dev/zero /dev/null "$work" "$work/nowhere"; do
    one_message 1 timeout 20 "$differnet" info "$odd"
    one_message 1 timeout 20 "$differnet" predict "$odd" "$good"
done
for odd in "$work/pipe.png" /dev/zero; do
    expect 1 timeout 20 "$differnet" predict "$model" "$odd"
    holds "$work/out" '"error":'
done

# Names with newline, quote, markup, formula, invalid UTF-8; a loop of links.
odd=$work/odd
mkdir -p "$odd/sub"
for name in $'new\nline.png' 'quo"te.png' '<script>alert(1)<.png' '=1+1.png' $'bad\xff\xfe.png' '-dash.png'; do
    cp "$good" "$odd/$name"
done
ln -s .. "$odd/sub/loop"
ln -s self "$odd/self"
expect 0 timeout 60 "$differnet" predict "$model" "$odd"
lines=$(wc -l <"$work/out")
[ "$lines" -ge 6 ] || fail "$lines lines for 6 odd names"
if command -v python3 >/dev/null; then
    python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]' "$work/out" ||
        fail "an odd name breaks the JSON"
else
    left_out "no python3 to read JSON"
fi
expect 0 "$differnet" predict "$model" "$odd/../odd/quo\"te.png"

# Damaged images: empty, truncated, too long, of another format, very wide, of size 0, of huge size.
lie=$work/lie
mkdir "$lie"
: >"$lie/empty.png"
head -c 100 "$good" >"$lie/cut.png"
printf 'P5\n100000 1\n255\n' >"$lie/wide.pgm"
head -c 100000 /dev/zero >>"$lie/wide.pgm"
printf 'P5\n0 5\n255\n' >"$lie/zero.pgm"
printf 'P6\n60000 60000\n255\nabc' >"$lie/bomb.ppm"
printf 'P5\n99999999999999999999 9\n255\n' >"$lie/overflow.pgm"
printf '\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xff\x00\0\0\xff\x00\x08\x02\0\0\0\0\0\0\0' >"$lie/bomb.png"
for file in "$lie"/*; do
    expect 1 timeout 20 "$differnet" predict "$model" "$file"
    holds "$work/out" '"error":'
done
cp "$good" "$work/named.jpg"
{ cat "$good" && head -c 5000 /dev/urandom; } >"$work/long.png"
expect 0 "$differnet" predict "$model" "$work/named.jpg" "$work/long.png"

# A disk without room for the model is noticed before the training, a disk that fills up at its end: no incomplete file, one
# message. Mounting needs root.
if [ "$(id -u)" = 0 ] && mkdir "$work/full" && mount -t tmpfs -o size=64k tmpfs "$work/full" 2>/dev/null; then
    trap 'umount "$work/full"; rm -rf "$work"' EXIT
    one_message 1 "$differnet" train "${small[@]}" --quiet --output "$work/full"
    holds "$work/err" "disk for the model alone are needed and 1 MiB are free"
    [ -z "$(ls "$work/full")" ] || fail "a training that cannot end has begun"
    # The model takes 9.7 MiB, and the checkpoint is still there.
    mount -o remount,size=10m "$work/full"
    one_message 1 "$differnet" train "${small[@]}" --quiet --output "$work/full"
    holds "$work/err" "No space left on device"
    [ -n "$(find "$work/full" -name train_log.jsonl)" ] || fail "no training on a disk with some room"
    [ -z "$(find "$work/full" -name 'model.safetensors*')" ] || fail "a model on a full disk"
    [ -z "$(find "$work/full" -name latest)" ] || fail "a failed training became the latest"
else
    left_out "only root can mount a small disk"
fi
