#!/usr/bin/env bash
# Hostile data sets: names that look like code, paths that leave the folder, links in a loop, devices in place of text
# files; a wall clock that jumps; two trainings into one folder.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"
picture=dummy_dataset/dummy_class/test/good/000.png
defect=dummy_dataset/dummy_class/test/anomaly/000.png

# ---- names ----
class=$work/data/part
mkdir -p "$class/train/good" "$class/test/good" "$class/test/<img src=x onerror=alert(1)>"
cp dummy_dataset/dummy_class/train/good/00[0-3].png "$class/train/good"
for name in '<script>alert(1)</script>' '=HYPERLINK("x")' '+1' '@SUM(A1)' '-2' $'tab\tcr\r' $'new\nline' 'quo"te' "it's" $'bad\xff\xfe' \
    ' space ' '%s%n' '$(touch pwned)' '`touch pwned`' '..' '...' '&amp;'; do
    mkdir -p "$class/test/good/${name//\//}"
    cp "$picture" "$class/test/good/${name//\//}/${name//\//}.png"
    cp "$defect" "$class/test/<img src=x onerror=alert(1)>/${name//\//}.png"
done
# Links in a loop, to nothing and to devices: none is followed for ever.
ln -s .. "$class/test/good/up"
ln -s self "$class/test/good/self"
ln -s nowhere.png "$class/test/good/dangling.png"
ln -s /dev/zero "$class/test/good/zero.png"

expect 0 timeout 120 "$differnet" train "${small[@]}" --data "$work/data" --class part --set grad_map_viz=true --quiet
run=$work/results/DifferNet/data/part/v1
shown=$run/model.safetensors
[ ! -e pwned ] || fail "a name was executed"
grep -q '<img src=x onerror' "$run/report.html" && fail "a folder's name is markup in the report"
grep -q '<script>alert' "$run/report.html" && fail "a file's name is a script in the report"
holds "$run/report.html" '&lt;img src=x onerror'
if command -v python3 >/dev/null; then
    python3 - "$run" <<'PY' || fail "the results cannot be read"
import csv, html.parser, json, sys
run = sys.argv[1]
rows = list(csv.reader(open(f"{run}/scores.csv", encoding="utf-8", newline="")))
assert len({len(row) for row in rows}) == 1, "rows of different lengths"
assert len(rows) > 30, rows
formulas = [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]
assert not formulas, formulas
json.load(open(f"{run}/metrics.json", encoding="utf-8"))
class Page(html.parser.HTMLParser):
    scripts = 0
    def handle_starttag(self, tag, attributes):
        self.scripts += tag == "script"
        assert not any(name.startswith("on") for name, _ in attributes), attributes
page = Page()
page.feed(open(f"{run}/report.html", encoding="utf-8").read())
assert page.scripts == 2, page.scripts
PY
else
    left_out "no python3 to read CSV and HTML"
fi
# Maps stay below the results folder, whatever the images are called.
[ "$(find "$work" -name '*_map.tiff' | wc -l)" = "$(find "$run/images" -name '*_map.tiff' | wc -l)" ] || fail "a map left its folder"
[ "$(find "$run/images" -name '*_map.tiff' | wc -l)" -ge 30 ] || fail "not a map per image"

# ---- a manifest with paths out of the folder and to other files ----
mkdir -p "$work/lists/deep" "$work/climbed"
cp "$picture" "$work/climbed/a.png"
cp "$defect" "$work/climbed/<b>.png"
manifest=$work/lists/deep/list.csv
{
    echo 'image_path,label_index,split,mask_path'
    for i in 0 1 2 3; do echo "$PWD/dummy_dataset/dummy_class/train/good/00$i.png,0,train,"; done
    echo '../../climbed/a.png,0,test,'
    echo '"../../climbed/<b>.png",1,test,../../../../../../../etc/passwd'
    printf '"../../climbed/new\nline.png",1,test,\n'
    printf '../../climbed/bad\xff.png,1,test,\n'
    echo '/dev/zero,1,test,'
} >"$manifest"
expect 0 timeout 120 "$differnet" train "${small[@]}" --data "$manifest" --set grad_map_viz=true --quiet
run=$(dirname "$(find "$work/results" -path '*list*' -name model.safetensors)")
[ -s "$run/images/_up/_up/climbed/a.png_map.tiff" ] || fail "no map of the picture that the manifest climbed to"
[ "$(find "$work/climbed" "$work/lists" -type f | wc -l)" = 3 ] || fail "something was written beside the images"
[ "$(grep -c 'root:' "$run/report.html")" = 0 ] || fail "a mask that is no image was shown"
[ "$(grep -o '"unreadable[a-z_]*":[^,]*' "$run/metrics.json" | grep -o '[0-9]*$')" = 3 ] || fail "not three unreadable images"

# ---- devices, pipes and folders in place of texts ----
mkfifo "$work/pipe" "$work/pipe.csv"
for odd in "$work/pipe" /dev/zero /dev/null "$work"; do
    expect 1 timeout 20 "$differnet" train --config "$odd"
    holds "$work/err" "$odd"
    expect 1 timeout 20 "$differnet" train "${small[@]}" --backbone "$odd"
    holds "$work/err" "$odd"
    expect 1 timeout 20 "$differnet" import "$odd" --output "$work/x"
    expect 1 timeout 20 "$differnet" export "$odd" --format onnx --output "$work/x"
done
for odd in "$work/pipe.csv" "$work/pipe" /dev/zero; do
    expect 1 timeout 20 "$differnet" train --data "$odd"
    expect 1 timeout 20 "$differnet" check "$odd"
done
head -c 1000000 /dev/zero | tr '\0' '[' >"$work/deep.yaml"
expect 2 timeout 20 "$differnet" train --config "$work/deep.yaml"
{ printf 'a: &a [x]\n' && for i in b c d e f g h i j; do printf '%s: &%s [*a,*a,*a,*a,*a,*a,*a,*a]\n' $i $i; done; } >"$work/laughs.yaml"
expect 2 timeout 20 "$differnet" train --config "$work/laughs.yaml"

# ---- small files that decompress to 400 MB: only the picture is decompressed ----
if command -v python3 >/dev/null; then
    python3 - "$work" "$differnet" "$shown" <<'PY' || fail "a small file takes much memory"
import os, struct, sys, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
bomb = zlib.compressobj(9)
packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(400)) + bomb.flush()
head = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0))
text = chunk(b"zTXt", b"key\0\0" + packed) + chunk(b"iCCP", b"key\0\0" + packed)
pixels = zlib.compress(b"".join(b"\0" + bytes(range(64)) for _ in range(64)))
with open(sys.argv[1] + "/idat.png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
with open(sys.argv[1] + "/text.png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + head + text + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
tags = [(256, 64), (257, 64), (258, 8), (259, 8), (262, 1), (273, 8 + 2 + 8 * 12 + 4), (278, 64), (279, len(packed))]
with open(sys.argv[1] + "/strip.tif", "wb") as file:
    file.write(struct.pack("<4sIH", b"II*\0", 8, len(tags)))
    for tag, value in tags:
        file.write(struct.pack("<HHII", tag, 4, 1, value))
    file.write(struct.pack("<I", 0) + packed)
def peak(name):
    """Kilobytes that predict takes for it, and what it says."""
    words = ["timeout", "60", sys.argv[2], "predict", sys.argv[3], name]
    into, out = os.pipe()
    child = os.posix_spawnp(words[0], words, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
    os.close(out)
    said = os.fdopen(into).read()
    _, status, usage = os.wait4(child, 0)
    assert os.WEXITSTATUS(status) in (0, 1) and said.count("\n") == 1, (status, said)
    return usage.ru_maxrss, said
usual, said = peak("dummy_dataset/dummy_class/test/good/000.png")
for bomb in ("idat.png", "text.png", "strip.tif"):
    path = f"{sys.argv[1]}/{bomb}"
    assert os.path.getsize(path) < 1000000
    taken, said = peak(path)
    assert taken < usual + 50000, (bomb, taken, usual, said)
    assert ("more pixel data than" if bomb == "idat.png" else '"raw_score":') in said, (bomb, said)
PY
else
    left_out "no python3 to measure memory"
fi

# ---- two trainings into one results folder ----
pids=()
for i in 1 2 3; do
    "$differnet" train "${small[@]}" --quiet --set "output=$work/shared" >"$work/out$i" 2>"$work/err$i" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "a training beside others failed: $(cat "$work"/err?)"; done
shared=$work/shared/DifferNet/dummy_dataset/dummy_class
for i in 1 2 3; do
    [ -s "$shared/v$i/model.safetensors" ] && [ -s "$shared/v$i/report.html" ] || fail "v$i is not whole"
    cmp "$shared/v1/model.safetensors" "$shared/v$i/model.safetensors" || fail "v$i is another model"
done
[ ! -e "$shared/v4" ] || fail "a fourth folder"
grep -qx 'v[123]' "$shared/latest" || fail "latest names none of them"
[ -z "$(find "$work/shared" -name '*.tmp-*')" ] || fail "temporary files are left"

# ---- a wall clock that jumps by years at every call ----
cat >"$work/clock.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long jump(void) {
    static int looks;
    return ++looks % 2 ? -900000000 : 900000000;
}
time_t time(time_t *out) {
    time_t now = 1000000000 + jump();
    return out ? *out = now : now;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    *now = (struct timeval){1000000000 + jump(), 0};
    return 0;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += jump();
    return status;
}
C
if ldd "$differnet" | grep -q lib[at]san; then exit 0; fi # sanitizers take the first place themselves
"${CC:-cc}" -shared -fPIC -o "$work/clock.so" "$work/clock.c" -ldl
jumping() { LD_PRELOAD=$work/clock.so "$@"; }
[ "$(jumping date +%s)" != "$(date +%s)" ] || fail "the clock does not jump"
expect 0 jumping timeout 120 "$differnet" train "${small[@]}" --quiet --set "output=$work/shared"
jumped=$shared/v4
cmp "$shared/v1/model.safetensors" "$jumped/model.safetensors" || fail "another model when the clock jumps"
cmp "$shared/v1/scores.csv" "$jumped/scores.csv" || fail "other scores when the clock jumps"
seconds=$(grep -ho '"seconds":[^,}]*' "$jumped/train_log.jsonl" | cut -d: -f2 | sort -g)
[ -n "$seconds" ] || fail "no times in the log"
awk '$1 < 0 || $1 > 1000 { exit 1 }' <<<"$seconds" || fail "the log's times jump: $seconds"
expect 0 jumping "$differnet" predict "$jumped/model.safetensors" "$picture"
sed 's/.*"elapsed_ms":\([0-9.e+-]*\).*/\1/' "$work/out" | awk '$1 < 0 || $1 > 1e6 { exit 1 }' || fail "elapsed_ms jumps"
