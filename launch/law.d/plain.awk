# A line of metrics.jsonl without what is measured by the clock, and how often sums were added again.
function plain(line) {
  gsub(/"([a-z_]*seconds[a-z_]*|images_per_second|repeated_sums|time)":([{][^}]*[}]|[^,}]*),?/, "", line)
  sub(/,[}]$/, "}", line)
  return line
}
