#!/usr/bin/env bash
# report.html in headless Chromium (skipped where there is none): the console stays silent, the sliders count, and
# nothing is wider than a phone.
. "$(dirname "$0")/lib.sh" "$@"
browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || { echo "no chromium: skipped"; exit 77; }
cd "$source"

# browse FILE WIDTH: the page after its scripts ran in $work/dom, the console's lines in $work/console.
browse() {
    "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --window-size="$2,900" \
        --enable-logging=stderr --virtual-time-budget=2000 --dump-dom "file://$1" >"$work/dom" 2>"$work/log" ||
        { cat "$work/log" >&2; fail "the browser failed on $1"; }
    grep 'CONSOLE' "$work/log" >"$work/console" || true
    [ ! -s "$work/console" ] || { cat "$work/console" >&2; fail "$1: the console is not silent"; }
    [ -s "$work/dom" ] || fail "$1: no page"
}

# play REPORT SCRIPT: the script at the end of the page acts as a user would and writes what it sees into <title>.
play() {
    sed 's|</body>||; s|</html>||' "$1" >"$work/played.html"
    printf '<script>\n%s\n</script></body></html>\n' "$2" >>"$work/played.html"
}

expect 0 "$differnet" train "${small[@]}" --quiet
report=$results/v1/report.html
browse "$report" 1200
holds "$work/dom" "Scores and thresholds"

# The sliders count; everything that they move is folded away until it is opened.
play "$report" '
const row = (name) => [...document.querySelectorAll(`tr[data-scores="${name}"] [data-verdict]`)].map((c) => c.firstChild.data);
const slide = (id, value) => { const s = document.getElementById(id); s.value = value; s.dispatchEvent(new Event("input")); };
const folds = [...document.querySelectorAll("details")];
const seen = [row("good").join(), row("defective").join()];
seen.push(folds.length >= 4 && folds.every((d) => !d.open) ? "folded" : "open");
slide("fail", 0);                      // everything fails
seen.push(row("good").join(), row("0").join());
slide("review", 0); slide("fail", 1000); // everything is for review
seen.push(row("good").join(), document.getElementById("precision").textContent);
slide("review", 1000);                 // everything passes
seen.push(row("defective").join());
document.getElementById("reset").click();
seen.push(row("good").join() === seen[0] && row("defective").join() === seen[1] ? "back" : "not back");
document.title = seen.slice(2).join(" | ");'
browse "$work/played.html" 1200
holds "$work/dom" "<title>folded | 0,0,8 | 0,0,8 | 0,8,0 | – | 8,0,0 | back</title>"

# Pictures enlarge by click and by keyboard, have a name each, and give the focus back.
play "$report" '
const large = document.getElementById("large"), pictures = [...document.querySelectorAll(".gallery button.picture")];
const seen = [pictures.length > 4 && pictures.every((p) => p.tabIndex === 0 && p.getAttribute("aria-label").startsWith("Enlarge: "))];
pictures[0].focus(); pictures[0].click();
seen.push(large.open, document.activeElement.textContent, large.querySelectorAll("img").length);
document.activeElement.click();
seen.push(large.open, document.activeElement === pictures[0]);
document.title = seen.join(" | ");'
browse "$work/played.html" 1200
holds "$work/dom" "<title>true | true | Close | 2 | false | true</title>"

# Two pages of A4.
"$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --no-pdf-header-footer \
    --print-to-pdf="$work/report.pdf" "file://$report" 2>"$work/log" || { cat "$work/log" >&2; fail "no print"; }
pages=$(grep -a -o '/Type */Page\b' "$work/report.pdf" | wc -l)
[ "$pages" = 2 ] || fail "the print has $pages pages, not 2"

# Chromium's windows are not as narrow as a phone, but a frame can be.
printf '<iframe id="f" src="played.html" style="width:375px;height:800px;border:0"></iframe>\n' >"$work/frame.html"
play "$report" 'const root = document.documentElement;
parent.postMessage(root.scrollWidth > root.clientWidth ? "too wide" : "fits", "*");'
printf '<script>onmessage = (e) => document.title = e.data;</script>\n' >>"$work/frame.html"
browse "$work/frame.html" 1200
holds "$work/dom" "<title>fits</title>"

cp -r dummy_dataset "$work/untested" && rm -r "$work/untested/dummy_class/test"
expect 0 "$differnet" train "${small[@]}" --data "$work/untested" --quiet
browse "$work/results/DifferNet/untested/dummy_class/v1/report.html" 1200
holds "$work/dom" "There was no test set"
