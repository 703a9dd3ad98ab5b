#!/usr/bin/env bash
# Memory is bounded by the configuration: a training on 100,000 images and a prediction of 10,000, of several sizes, take
# hardly more than on 1,000. A bad file costs one row.
. "$(dirname "$0")/lib.sh" "$@"
command -v python3 >/dev/null || exit 77

# peak COMMAND...: runs it and prints the largest resident memory, in KiB.
peak() {
    python3 - "$work" "$@" <<'PY'
import resource, subprocess, sys
with open(sys.argv[1] + "/out", "w") as out, open(sys.argv[1] + "/err", "w") as err:
    status = subprocess.run(sys.argv[2:], stdout=out, stderr=err).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, status)
PY
}

# at_most WHAT KIB LIMIT
at_most() {
    echo "$1: $2 KiB, at most $3"
    [ "$2" -le "$3" ] || fail "$1: $2 KiB are more than $3"
}

python3 - "$work" <<'PY'
import os, sys
folder = sys.argv[1] + "/pictures"
os.makedirs(folder)
for i, (width, height) in enumerate(((64, 64), (80, 50), (33, 100), (200, 150))):
    with open(f"{folder}/{i}.pgm", "wb") as file:
        file.write(f"P5\n{width} {height}\n255\n".encode())
        file.write(bytes((x * (i + 3) >> 4) % 256 for x in range(width * height)))
for count in (1000, 100000):
    with open(f"{sys.argv[1]}/{count}.csv", "w") as file:
        file.write("image_path,label_index,split,mask_path\n")
        for i in range(count):
            file.write(f"{folder}/{i % 2}.pgm,0,train,\n")
        file.write(f"{folder}/2.pgm,0,test,\n{folder}/3.pgm,1,test,\n")
for count in (1000, 10000):
    os.makedirs(f"{sys.argv[1]}/{count}")
    for i in range(count):
        name = f"{sys.argv[1]}/{count}/part-{i:05}.pgm"
        if i % 100 == 50:
            with open(name, "wb") as file:
                file.write(b"P5\n64 64\n255\nshort")
        else:
            os.link(f"{folder}/{i % 4}.pgm", name)
PY

tiny=(--set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16 --set n_coupling_blocks=1 --set n_transforms=1
    --set n_transforms_test=2 --set meta_epochs=1 --set sub_epochs=1 --set batch_size=512 --set train_rotations=bank:1
    --set "cache_dir=$work/cache" --set "output=$work/results" --threads 1 --set class_name='""')
for count in 1000 100000; do
    read -r kib status < <(peak "$differnet" train --data "$work/$count.csv" "${tiny[@]}")
    [ "$status" = 0 ] || { cat "$work/err" >&2; fail "training on $count images"; }
    echo "train on $count images: $kib KiB"
    few=${few:-$kib}
done
at_most "99,000 training images more" $((kib - few)) $((99000 + 8192))

model=$(find "$work/results" -name model.safetensors | head -1)
few=
for count in 1000 10000; do
    read -r kib status < <(peak "$differnet" predict "$model" "$work/$count" --rotations 1 --threads 1)
    [ "$status" = 1 ] || fail "predict over $count images, one in a hundred cut short: status $status"
    [ "$(wc -l <"$work/out")" = "$count" ] || fail "not a row for each of $count images"
    [ "$(grep -c '"error":' "$work/out")" = $((count / 100)) ] || fail "not an error for each bad image"
    echo "predict over $count images: $kib KiB"
    few=${few:-$kib}
done
at_most "9,000 predicted images more" $((kib - few)) 4096
