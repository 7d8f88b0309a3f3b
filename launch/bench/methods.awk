# The terms of a method in metrics.jsonl: of its recipe (run=1), of the same with its factor at 1e-9
# (run=2), and of those two students and kd's on scenes that none has seen (run=3 to 5, any may miss).

/"kind":"train"/ && match($0, /"methods":{[^}]*}/) {
  iteration = ++lines[run]
  count = split(substr($0, RSTART + 11, RLENGTH - 12), pairs, ",")
  for (i = 1; i <= count; i++) {
    split(pairs[i], pair, ":")
    gsub(/"/, "", pair[1])
    if (!((pair[1]) in seen)) {
      seen[pair[1]] = 1
      terms[++termCount] = pair[1]
    }
    value[run, pair[1], iteration] = pair[2]
  }
}

/"kind":"validation"/ && match($0, /"mean_iou":[0-9.e-]+/) {
  iou[run] = 100 * substr($0, RSTART + 11, RLENGTH - 11)
}

# The mean over `count` iterations from one on; a dash where the run has none.
function mean(run, term, from, count,    i, sum) {
  if (!((run, term, from) in value)) return "-"
  for (i = from; i < from + count; i++) sum += value[run, term, i]
  return sum / count
}

function number(a) { return a == "-" || a == "" ? "-" : sprintf("%.4g", a) }

function ratio(a, b) { return a == "-" || b == "-" || b == 0 ? "-" : sprintf("%.3f", a / b) }

END {
  for (t = 1; t <= termCount; t++) {
    term = terms[t]
    for (run = 1; run <= 2; run++) {
      first[run] = mean(run, term, 1, 20)
      last[run] = mean(run, term, lines[run] - 19, 20)
    }
    for (run = 3; run <= 5; run++) unseen[run] = mean(run, term, 1, lines[run])
    printf "%-22s %9s %9s %6s | %9s %9s %6s | %6s | %9s %9s %9s\n", term,
      number(first[1]), number(last[1]), ratio(last[1], first[1]),
      number(first[2]), number(last[2]), ratio(last[2], first[2]), ratio(last[1], last[2]),
      number(unseen[3]), number(unseen[4]), number(unseen[5])
  }
  printf "%-22s %9s %9s %6s | %9s %9s\n", name " mean IoU", "", number(iou[1]), "", "", number(iou[2])
}
