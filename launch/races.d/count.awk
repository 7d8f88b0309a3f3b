# Counts the reports of ThreadSanitizer that name a source file below `root`, which are ours, and those
# that name none; prints "OURS OTHERS". With `show`, it prints the first of ours instead.
#
# A report begins and ends with a line of equals signs.

/^=+$/ { end(); next }
{ text = text $0 "\n" }
/WARNING: ThreadSanitizer: / { is_report = 1 }
/ThreadSanitizer: (CHECK failed|FATAL|DEADLYSIGNAL)|ERROR: ThreadSanitizer/ { is_report = is_ours = 1 }
index($0, root "/Sources/") || index($0, root "/Tests/") || index($0, root "/launch/") { is_ours = 1 }
END {
  end()
  if (!show) print ours + 0, others + 0
}

function end() {
  if (is_report && is_ours) {
    if (show && !ours) printf "%s", text
    ours++
  } else if (is_report) {
    others++
  }
  text = ""
  is_report = is_ours = 0
}
