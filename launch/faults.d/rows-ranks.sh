# Rows of launch/faults about single ranks and their launcher.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # launch/faults and support.sh set and read the rest

# A rank is killed at a random moment; the run is started again and ends with the same bits.
row_kills() {
  local count=10 trial ranks_count good killed recipe=quick
  [[ -z $is_long ]] || count=1000
  count=${kills:-$count}
  golden quick
  for ((trial = 0; trial < count; trial++)); do
    ranks_count=$((2 + trial % 2))
    echo "$trial $ranks_count $((1 + RANDOM % golden_of[ranks_count])) $RANDOM"
  done >"$work/kills.list"
  each kills kill_trial <"$work/kills.list"
  trials=$((trials + count)) leftovers=$((leftovers + $(sum_tally 6)))
  good=$(count_tally 2 good) killed=$(count_tally 7 killed)
  note "$( ((good >= count)) && echo yes || echo no)" \
    "kill -9 of a random rank, 2 and 3 ranks, resumed: same bits" \
    "$good of $count${pace:+, $pace s each}" "all"
  note "$( ((killed >= count)) && echo yes || echo no)" "  kills that met a run before its end" \
    "$killed of $count" "all"
  note "$( (($(sum_tally 3) + $(sum_tally 4) == 0)) && echo yes || echo no)" \
    "  acknowledged iterations lost; jobs that hang" "$(sum_tally 3); $(sum_tally 4)" "0; 0"
  note "$(within "$(largest_tally 5)" 5000)" "  job ends after the kill, slowest" \
    "$(seconds "$(largest_tally 5)") s" "5 s"
}

# kill_trial TRIAL RANKS DELAY PICK: says whether the bits are the same, whether acknowledged
# iterations were lost, whether the job hung, its milliseconds to the end, the processes left, and
# whether the kill met the run. If that was over before, the trial begins anew and waits half as long.
kill_trial() {
  local name=kill$1 delay=$3 killed_at lost=0 hung=0 took=0 saved verdict=bad leftovers=0 met=late
  while [[ $met == late ]] && ((delay)); do
    rm -rf "${work:?}/$name" "${work:?}/$name.log"
    begin "$name" "$2"
    wait_ranks "$2" || true
    killed_at=$(($(now) + delay))
    while (($(now) < killed_at)) && is_running "$job"; do sleep 0.02; done
    killed_at=$(now) delay=$((delay / 2))
    ((${#ranks[@]} == 0)) || kill -KILL "${ranks[$4 % ${#ranks[@]}]}" 2>/dev/null || true
    finish
    [[ $code == 0 ]] || met=killed
  done
  [[ $code != hang ]] || hung=1
  [[ $code != 137 ]] || took=$((ended - killed_at))
  count_leftovers "${ranks[@]}"
  saved=$(acknowledged "$name")
  if [[ $code != 0 ]]; then
    run "$name" "$2"
    (($(resumed "$name") >= saved)) || lost=1
  fi
  if [[ $code == 0 ]] && is_golden "$name" quick1; then
    verdict=good
  else
    say "trial $1: $2 ranks, killed after $3 ms, then code $code: $(last_error "$name")"
    cp -r "$work/$name.log" "${TMPDIR:-/tmp}/rdd-fault-$name.log"
  fi
  rm -rf "${work:?}/$name"
  echo "$verdict $lost $hung $took $leftovers $met"
}

# A rank crashes: SIGSEGV and SIGABRT.
row_crash() {
  local signal begun slowest=0 codes=()
  for signal in SEGV ABRT; do
    begin "crash$signal" 2
    wait_iteration "crash$signal" 2 || true
    wait_ranks 2 || true
    begun=$(now)
    kill "-$signal" "${ranks[1]}"
    finish
    codes+=("$code")
    if ((ended - begun > slowest)); then slowest=$((ended - begun)); fi
    count_leftovers "${ranks[@]}"
    trials=$((trials + 1))
  done
  [[ ${codes[*]} != *hang* && " ${codes[*]} " != *" 0 "* ]] || slowest=999999
  note "$(within "$slowest" 5000)" "a rank crashes (SIGSEGV, SIGABRT)" \
    "$(seconds "$slowest") s, codes ${codes[*]}" "5 s"
}

# A rank is stopped: the watchdog names it, and the job ends.
row_stopped() {
  local which begun slowest=0 named=0 count=2
  [[ -z $is_long ]] || count=12
  for ((which = 0; which < count; which++)); do
    begin "stopped$which" 3 --set train.iterations=400 --set train.checkpoint_every=0
    wait_iteration "stopped$which" $((2 + which % 4)) || true
    wait_ranks 3 || true
    sleep 0.3
    begun=$(now)
    kill -STOP "${ranks[which % 3]}"
    finish
    if [[ $code != 76 ]]; then ended=$((begun + 999999)); fi
    if ((ended - begun > slowest)); then slowest=$((ended - begun)); fi
    grep -qE "watchdog: rank $((which % 3)) \(host .*silent" "$work/stopped$which.log" \
      && named=$((named + 1))
    count_leftovers "${ranks[@]}"
    trials=$((trials + 1))
  done
  note "$(within "$slowest" 9000)" "a rank is stopped (limit 4 s)" \
    "$(seconds "$slowest") s, code 76" "limit + 5 s"
  note "$( ((named == count)) && echo yes || echo no)" "  the message names the rank" \
    "$named of $count" "all"
  # Measuring has ten times the limit of a step, which counts once the other rank has done its share.
  mpirun -n 2 "$rdd" eval "$work/tiny.yaml" --weights "$work/golden1/student.safetensors" \
    --set data.scenes.validation_count=6000 --set train.watchdog_seconds=0.5 \
    </dev/null >"$work/eval.log" 2>&1 &
  job=$!
  wait_ranks 2 || true
  sleep 1.5
  begun=$(now)
  kill -STOP "${ranks[1]}"
  finish
  count_leftovers "${ranks[@]}"
  trials=$((trials + 1))
  note "$([[ $code == 76 ]] && within $((ended - begun)) 20000 || echo no)" \
    "a rank of rdd eval is stopped (limit 5 s, and the other's share)" \
    "$(seconds $((ended - begun))) s, code $code" "20 s"
}

# A rank is stopped for less than the limit: nothing happens.
row_paused() {
  begin paused 2
  wait_iteration paused 3 || true
  wait_ranks 2 || true
  kill -STOP "${ranks[1]}"
  sleep 2.4
  kill -CONT "${ranks[1]}"
  finish
  trials=$((trials + 1))
  if [[ $code == 0 ]] && is_golden paused; then
    note yes "a rank is stopped for 2.4 s of 4" "goes on, same bits" "the same"
  else
    note no "a rank is stopped for 2.4 s of 4" "code $code" "goes on, same bits"
  fi
}

# mpirun itself is killed.
row_launcher() {
  local begun
  begin launcher 3
  wait_iteration launcher 2 || true
  wait_ranks 3 || true
  begun=$(now)
  kill -KILL "$job"
  finish
  while is_running "${ranks[0]}" || is_running "${ranks[1]}" || is_running "${ranks[2]}"; do
    (($(now) < begun + 20000)) || break
    sleep 0.02
  done
  ended=$(now)
  count_leftovers "${ranks[@]}"
  trials=$((trials + 1))
  note "$(within $((ended - begun)) 3000)" "kill -9 of mpirun: all ranks gone after" \
    "$(seconds $((ended - begun))) s" "3 s"
}

# The scheduler asks for the end: saved, code 75, nothing lost, same bits in the end.
row_request() {
  local count=2 good=0 slowest=0 trial begun last
  [[ -z $is_long ]] || count=20
  for ((trial = 0; trial < count; trial++)); do
    begin "request$trial" 2
    wait_iteration "request$trial" $((1 + trial % 8)) || true
    wait_ranks 2 || true
    begun=$(now)
    # mpirun hands it on to all ranks; one of them alone is enough.
    if ((trial % 2)); then kill -USR1 "${ranks[1]}"; else kill -USR1 "$job"; fi
    finish
    if ((ended - begun > slowest)); then slowest=$((ended - begun)); fi
    last=$(sed -n 's|.*iteration \([0-9]*\)/.*|\1|p' "$work/request$trial.log" | tail -n 1)
    if [[ $code == 75 && $(acknowledged "request$trial") == "$last" ]]; then
      run "request$trial" 2
      if [[ $code == 0 ]] && is_golden "request$trial"; then good=$((good + 1)); fi
    else
      say "trial $trial: code $code, saved $(acknowledged "request$trial"), done $last"
    fi
    count_leftovers "${ranks[@]}"
    trials=$((trials + 1))
  done
  note "$( ((good == count)) && echo yes || echo no)" \
    "SIGUSR1: saves the iteration it is in, code 75, same bits" "$good of $count" "all"
  note "$(within "$slowest" 10000)" "  job ends after the request" "$(seconds "$slowest") s" "10 s"
}
