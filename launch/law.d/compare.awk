# The first number that differs between the metrics.jsonl of two runs, first and second, as
# "iteration N, KEY: A and B", or "equal". Texts are compared, so every bit of a number counts.
# Seconds, rates and times of day, which no two runs share, are left out, and so is how often
# BatchNorm's sums were added again, which is more after a resume. Without a second run, whether the first
# says enough: expected=N lines of training, and no update left out.

BEGIN {
  while ((getline line < first) > 0) {
    if (line ~ /"kind":"train"/) trained++
    if (line ~ /"skipped_updates":[1-9]/) skipped++
    if (second == "") continue
    if ((getline other < second) <= 0) {
      read(line, names, a)
      print where(a) ": found in the first run alone"
      exit
    }
    if (plain(line) != plain(other)) {
      differ(line, other)
      exit
    }
  }
  if (second != "" && (getline other < second) > 0) {
    read(other, names, a)
    print where(a) ": not found in the first run"
  } else if (second == "" && trained != expected) {
    print "found " trained + 0 " iterations in the first run; expected " expected
  } else if (second == "" && skipped) {
    print "found " skipped " of " trained " updates left out; so little is compared"
  } else {
    print "equal"
  }
}

# Takes an object apart: names[1...] are its keys, values[KEY] their texts. Returns their number.
function read(line, names, values,    count, key, outer) {
  split("", names)
  split("", values)
  line = substr(line, 2)
  while (line != "") {
    sub(/^,/, "", line)
    if (line ~ /^[}]/) {
      outer = ""
      line = substr(line, 2)
      continue
    }
    if (!match(line, /^"[^"]*":/)) break
    key = outer substr(line, 2, RLENGTH - 3)
    line = substr(line, RLENGTH + 1)
    if (line ~ /^[{]/) {
      outer = key "."
      line = substr(line, 2)
      continue
    }
    # Numbers, texts, lists, and lists of lists.
    match(line, /^(\[([^][]|\[[^][]*\])*\]|"[^"]*"|[^,}]*)/)
    names[++count] = key
    values[key] = substr(line, 1, RLENGTH)
    line = substr(line, RLENGTH + 1)
  }
  return count + 0
}

# Where a line is from: that of rdd eval has no iteration.
function where(values) {
  return "iteration" in values ? "iteration " values["iteration"] : "rdd eval"
}

# What follows from the others is named when nothing else differs; a line missing explains the rest.
function rank(key) {
  if (key == "iteration" || key == "kind") return -1
  if (key ~ /^class_/) return 3
  return key == "gradient_norm" ? 2 : key == "loss"
}

# Prints the key that tells most about where two lines part, with both texts.
function differ(line, other,    i, count, more, names, others, a, b, key, best) {
  count = read(plain(line), names, a)
  more = read(plain(other), others, b)
  for (i = 1; i <= more; i++) if (!(others[i] in a)) names[++count] = others[i]
  for (i = 1; i <= count; i++) {
    key = names[i]
    if (key in a && key in b && a[key] == b[key] "") continue
    if (best == "" || rank(key) < rank(best)) best = key
  }
  print where(a) ", " best ": " (best in a ? a[best] : "nothing") " and " \
    (best in b ? b[best] : "nothing")
}
