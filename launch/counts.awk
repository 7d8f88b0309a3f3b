# The counts of a Swift Testing run, as its last line: 'N passed, N failed'. Fails if any test did,
# or if the runner ended (code) without having counted them.

/ Test run with [0-9]+ tests? / {
  counted = 1
  sub(/.* Test run with /, "")
  total += $1
  next
}
/ Test .* failed after [0-9.]+ seconds/ { failed++ }
/ Test .* skipped/ { skipped++ }

END {
  if (!counted || !total) {
    print "test: error: the runner counted no tests; its messages are above" > "/dev/stderr"
    failed++
  } else if (code && !failed) {
    print "test: error: the runner ended with code " code "; its messages are above" > "/dev/stderr"
    failed++
    total++
  }
  passed = total - failed - skipped
  if (passed < 0) passed = 0
  printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
  exit failed > 0
}
