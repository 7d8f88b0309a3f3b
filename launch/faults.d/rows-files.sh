# Rows of launch/faults about files: calls that fail during a save, and files that others broke.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # launch/faults and support.sh set the rest

# Calls of a save, one after the other: the call fails, or the process dies in it. Then the same
# command again. Every open, fsync, rename and close, and of the hundreds of writes one in so many.
row_writes() {
  local call number fault="" good=0 count=0 hit=0 apart=100
  local -a faults=(error=EIO signal=KILL)
  [[ -z $is_long ]] || apart=10
  install_missing strace
  if ! strace -o /dev/null true 2>/dev/null; then
    skip "calls of a save that fail" "strace may not trace here"
    return
  fi
  traced writes
  is_golden writes || fail 1 "the run without a fault ended with $code and other weights"
  calls_of_a_save "$work/writes.trace" "$apart" >"$work/writes.calls"
  while read -r call number; do
    # Without --long each call meets one of the two.
    [[ -n $is_long ]] || faults=("$([[ $fault == error=EIO ]] && echo signal=KILL || echo error=EIO)")
    for fault in "${faults[@]}"; do
      rm -rf "${work:?}"/writes1*
      traced writes1 -e "inject=$call:$fault:when=$number"
      count=$((count + 1)) trials=$((trials + 1))
      # The call that was hit is one of the save: it names the file, or was cut off by the end.
      if grep -qE 'checkpoints.*(INJECTED|unfinished|= \?)' "$work/writes1.trace"; then
        hit=$((hit + 1))
      fi
      [[ $code == 0 ]] || run writes1 2
      if [[ $code == 0 ]] && is_golden writes1; then
        good=$((good + 1))
      else
        say "$call number $number, $fault: code $code, $(grep -a "rdd: error" "$work/writes1.log" | tail -n 1)"
      fi
    done
  done <"$work/writes.calls"
  # Numbers of calls may shift a little from run to run: most must hit the save.
  say "$hit of $count were calls on files of the checkpoints folder"
  note "$( ((good == count && count >= 10 && 2 * hit > count)) && echo yes || echo no)" \
    "a call of a save fails, or the process dies in it: same bits" "$good of $count" "all"
}

# traced NAME [strace option...]: a run of one rank under strace; sets code.
traced() {
  code=0
  (
    strace -f -y -o "$work/$1.trace" -e trace=openat,write,fsync,rename,close "${@:2}" \
      "$rdd" train "$work/tiny.yaml" --out "$work/$1" </dev/null >>"$work/$1.log" 2>&1
    exit $?
  ) 2>/dev/null || code=$?
}

# calls_of_a_save TRACE APART: the calls of the save after iteration 6, of its writes every APART-th:
# name, and the how manieth of that name it is in its thread.
calls_of_a_save() {
  awk -v apart="$2" '
    match($0, /^[0-9]+ +[a-z]+\(/) {
      split(substr($0, RSTART, RLENGTH - 1), word, " ")
      name = word[2]
      count[word[1], name]++
      if (name == "openat" && /\/\.tmp\.iteration_0000006/ && /O_CREAT/) thread = word[1]
      if (word[1] == thread && /checkpoints["\/>]/) {
        if (name != "write" || writes++ % apart == 0) print name, count[word[1], name]
        if (name == "close" && /checkpoints>/) exit
      }
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
