# The terms of a method in two runs' metrics.jsonl: of its recipe, and of the same with its factor at 1e-9.

FNR == 1 { run++ }

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

# The mean over 20 iterations from one on.
function mean(run, term, from,    i, sum) {
  for (i = from; i < from + 20; i++) sum += value[run, term, i]
  return sum / 20
}

function ratio(a, b) { return b == 0 ? "-" : sprintf("%.3f", a / b) }

END {
  for (t = 1; t <= termCount; t++) {
    term = terms[t]
    for (run = 1; run <= 2; run++) {
      first[run] = mean(run, term, 1)
      last[run] = mean(run, term, lines[run] - 19)
    }
    printf "%-24s %10.4g %10.4g %7s | %10.4g %10.4g %7s | %s\n", term, first[1], last[1],
      ratio(last[1], first[1]), first[2], last[2], ratio(last[2], first[2]), ratio(last[1], last[2])
  }
  printf "%-24s %10s %10.2f %7s | %10s %10.2f\n", name " mean IoU", "", iou[1], "", "", iou[2]
}
