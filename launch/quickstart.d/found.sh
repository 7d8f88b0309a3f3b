# The sentences of launch/quickstart that say what its runs have shown, and how sure that is.
# shellcheck shell=bash
# shellcheck disable=SC2154 # launch/quickstart sets out

# last TITLE: the mean IoU of the last weights, from the table.
last() { awk -v title="$1" 'index($0, title) == 1 { print $(NF - 2) }' "$out/quickstart.txt"; }

# say_what_was_found: this seed's differences, and that one seed proves nothing.
say_what_was_found() {
  awk -v labels="$(last "student, from labels")" -v kd="$(last "student, plain")" \
    -v rdd="$(last "student, RDD")" '
    function points(x) { return sprintf("%.2f points %s", x < 0 ? -x : x, x < 0 ? "below" : "above") }
    BEGIN {
      printf "The RDD student is %s the one from labels alone, and %s plain distillation.\n",
        points(rdd - labels), points(rdd - kd)
    }'
  cat <<'END'
That is one seed, and one seed proves nothing: Documentation/measured.md has more. --seed 2 and so on
train others, and this tells mean and interval:
  rdd compare runs/seed-*/quickstart{-labels,-kd,}
END
}
