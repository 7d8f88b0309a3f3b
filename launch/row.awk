# A row of the quickstart's table from a run's metrics.jsonl: best and last mean IoU, time, ranks.
# The time is that of iterations and validations, so it is the same when a run is only measured.

function number(key) {
  if (!match($0, "\"" key "\":-?[0-9.]+([eE][-+]?[0-9]+)?")) return 0
  return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0
}

/"kind":"train"/ {
  iteration = number("iteration")
  seconds += (iteration - before) * number("seconds_per_iteration")
  before = iteration
}

/"kind":"validation"/ {
  last = 100 * number("mean_iou")
  if (!count++ || last > best) best = last
  if (!seen[number("iteration")]++) seconds += number("seconds")
}

END {
  seconds = int(seconds + 0.5)
  time = seconds < 60 ? seconds "s" : int(seconds / 60) "m" sprintf("%02ds", seconds % 60)
  printf "%-28s %10.2f %10.2f %8s %6s\n", title, best, last, time, ranks
}
