# Rows of launch/faults about files: calls that fail during a save, and files that others broke.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # launch/faults and support.sh set the rest

# Calls of a save, one after the other: the call fails, or the process dies in it. Then the same
# command again. With --long every call and both faults; else of the many reads and writes some, and
# one of the two.
row_writes() {
  local recipe=quick code good hit count wanted
  install_missing strace
  if ! strace -o /dev/null true 2>/dev/null; then
    skip "calls of a save that fail" "strace may not trace here"
    return
  fi
  traced writes
  [[ $code == 0 && -e $work/writes/student.safetensors ]] \
    || fail 1 "the traced run without a fault ended with $code: $(last_error writes)"
  calls_of_a_save "$work/writes.trace" >"$work/writes.calls"
  wanted=$(wc -l <"$work/writes.calls")
  awk -v all="${is_long:-no}" '
    all == "yes" { print $1 "-" $2 "-error", $1, $2, NR, "error=EIO" }
    all == "yes" { print $1 "-" $2 "-kill", $1, $2, NR, "signal=KILL"; next }
    ($1 == "write" || $1 == "read" ? many[$1]++ % 6 : 0) == 0 {
      print $1 "-" $2, $1, $2, NR, (chosen++ % 2 ? "signal=KILL" : "error=EIO")
    }' "$work/writes.calls" >"$work/writes.list"
  each writes write_trial <"$work/writes.list"
  count=$(wc -l <"$work/writes.list")
  trials=$((trials + count))
  good=$(count_tally 2 good) hit=$(count_tally 3 hit)
  say "$wanted calls: $(cut -d' ' -f1 "$work/writes.calls" | sort | uniq -c | xargs)"
  note "$( ((good >= count && count >= 10)) && echo yes || echo no)" \
    "a call of a save fails, or the process dies in it: same bits" \
    "$good of $count${pace:+, $pace s each}" "all"
  # Each fault must have met the call that it was meant for.
  note "$( ((hit >= count)) && echo yes || echo no)" "  faults that met their call, of $wanted calls" \
    "$hit of $count" "$([[ -n $is_long ]] && echo "all, both ways" || echo "all of a sample")"
}

# write_trial NAME CALL NUMBER PLACE FAULT: says whether the bits are the same in the end, and whether
# the fault met the call at this place of the save.
write_trial() {
  local name=writes-$1 try code verdict=bad met=missed
  # Which call has a number does not change from run to run; if it does, it is tried again.
  for ((try = 0; try < 3; try++)); do
    rm -rf "${work:?}/$name" "${work:?}/$name".*
    traced "$name" -e "inject=$2:$5:when=$3"
    if [[ $(calls_of_a_save "$work/$name.trace" | grep -nxF "$2 $3" | cut -d: -f1) == "$4" ]] \
      && { [[ $5 == error* ]] || [[ $code == 137 ]]; }; then
      met=hit
      break
    fi
  done
  [[ $code == 0 ]] || alone "$name"
  if [[ $code == 0 ]] && is_golden "$name" writes; then
    verdict=good
  else
    say "$1, $5: code $code: $(last_error "$name")"
  fi
  rm -rf "${work:?}/$name" "${work:?}/$name.trace"
  echo "$verdict $met"
}

# alone NAME: a run of four iterations without mpirun, which is quicker; sets code.
alone() {
  code=0
  "$rdd" train "$work/$recipe.yaml" --out "$work/$1" --set train.iterations=4 \
    --set train.keep_checkpoints=2 </dev/null >>"$work/$1.log" 2>&1 || code=$?
}

# traced NAME [strace option...]: the same under strace; sets code. Only calls on what a save writes are
# traced and counted, by their paths, so that nothing else changes a number. The tracer stands aside
# (-D): the run keeps the process, by whose start and number its temporary files are named.
traced() {
  code=0
  (
    # shellcheck disable=SC2016 # the inner shell expands
    exec bash -c '
      read -r line </proc/$$/stat && read -ra fields <<<"${line##*) }"
      own=start${fields[19]}.$$
      paths=(-P "$1" -P "${1%/*}/history.jsonl" -P "${1%/*}/.tmp.history.jsonl.$own")
      for i in 1 2 3 4; do
        paths+=(-P "$1/iteration_000000$i.safetensors")
        paths+=(-P "$1/.tmp.iteration_000000$i.safetensors.$own")
      done
      exec strace -D -f -y "${paths[@]}" "${@:2}"' \
      bash "$work/$1/checkpoints" -o "$work/$1.trace" -e trace=%file,%desc "${@:2}" \
      "$rdd" train "$work/$recipe.yaml" --out "$work/$1" --set train.iterations=4 \
      --set train.keep_checkpoints=2 </dev/null >>"$work/$1.log" 2>&1
  ) 2>/dev/null || code=$?
  # The tracer writes on a moment longer.
  for ((i = 0; i < 100; i++)); do
    ! tail -n 1 "$work/$1.trace" 2>/dev/null | grep -q '+++ \(exited\|killed\)' || break
    sleep 0.02
  done
}

# calls_of_a_save TRACE: the calls of the save after iteration 3, from its first look into the folder
# to the removal of the oldest file, with the ends of its neighbours: name, and the how manieth of
# that name it is.
calls_of_a_save() {
  awk '
    match($0, /^[0-9]+ +[a-z0-9_]+\(/) {
      split(substr($0, RSTART, RLENGTH - 1), word, " ")
      count[word[1], word[2]]++
      if (/iteration_0000004/) exit
      if (is_open) print word[2], count[word[1], word[2]]
      if (/\.tmp\.iteration_0000002.*"[^"]*\/iteration_0000002\.safetensors"/) is_open = 1
    }' "$1"
}

# Broken files, by the thousand, under AddressSanitizer.
row_fuzz() {
  local line verdict readers=0
  while read -r line; do
    verdict=yes readers=$((readers + 1))
    [[ $line != *FAILED* ]] || verdict=no
    note "$verdict" "broken files, ${line%%,*}" "${line##*: }" "no crash, leak, large allocation"
  done < <("$root/launch/fuzz" ${is_long:+--long} || true)
  # A fuzzer that cannot be built prints nothing.
  ((readers)) || note no "broken files" "launch/fuzz fed none" "every reader fed"
}
