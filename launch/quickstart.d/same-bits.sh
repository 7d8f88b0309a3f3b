# The part of launch/quickstart that shows that the number of ranks changes no bit.
# shellcheck shell=bash
# shellcheck disable=SC2154 # launch/quickstart sets out, rdd, root, mpirun, teacher and settings

# show_same_bits: six iterations of RDD on 1, 2 and 3 ranks, and on 2 of which one is killed in the
# middle, whose run goes on with 3. Prints a hash of each run's weights; fails if they differ.
show_same_bits() {
  local folder=$out/quickstart-bits ranks
  say "training six iterations on 1, 2 and 3 ranks, and with a rank killed"
  rm -rf -- "$folder"
  mkdir -p "$folder"
  for ranks in 1 2 3; do train_six "$ranks" "$ranks"; done
  train_killed || say "five runs ended before a rank was killed: that line of the table is left out"
  printf 'Six iterations of RDD, each from the start, and the SHA-256 of the trained weights:\n'
  {
    tell_hash 1 "1 rank"
    tell_hash 2 "2 ranks"
    tell_hash 3 "3 ranks"
    [[ ! -e $folder/killed ]] || tell_hash killed "2 ranks, one killed, then 3"
  } | tee "$folder/table.txt"
  [[ $(awk '{ print $NF }' "$folder/table.txt" | sort -u | wc -l) == 1 ]] \
    || fail 70 "$folder: found weights that differ; expected the same on any ranks; please report it"
  printf '\n'
}

# start_six NAME RANKS: the run, in the background; sets job.
start_six() {
  "${mpirun[@]}" -n "$2" "$rdd" train "$root/launch/recipes/quickstart.yaml" \
    --out "$folder/$1" "${teacher[@]}" "${settings[@]}" \
    --set train.iterations=6 --set train.batch_size=8 --set distill.warmup_iterations=3 \
    --set train.checkpoint_every=2 \
    --set train.validate_every=0 --set data.scenes.validation_count=4 --set train.log_every=1 \
    --set evaluation.pictures=0 --set train.tensorboard=false \
    </dev/null >>"$folder/$1.log" 2>&1 &
  job=$!
}

# train_six NAME RANKS: the run from its start, or its checkpoint, to its end.
train_six() {
  local job code=0
  start_six "$@"
  wait "$job" || code=$?
  ((code == 0)) \
    || fail "$code" "$1: $(grep -a '^rdd: error' "$folder/$1.log" | tail -n 1); see $folder/$1.log"
}

# train_killed: a rank of two is killed after the first checkpoint, and three go on from it. A run that
# was too quick for that begins again; fails after five of them.
train_killed() {
  local job code
  for _ in 1 2 3 4 5; do
    code=0
    start_six killed 2
    until grep -aqE 'iteration [3-6]/6' "$folder/killed.log" 2>/dev/null; do
      kill -0 "$job" 2>/dev/null || break
      sleep 0.02
    done
    pgrep -P "$job" | tail -n 1 | xargs -r kill -KILL 2>/dev/null || true
    wait "$job" || code=$?
    if ((code != 0)) && [[ ! -e $folder/killed/student.safetensors ]]; then
      train_six killed 3
      return
    fi
    rm -rf -- "$folder/killed" "$folder/killed.log"
  done
  return 1
}

# tell_hash NAME TITLE: a line of the table.
tell_hash() {
  printf '  %-30s %s\n' "$2" "$(sha256sum <"$folder/$1/student.safetensors" | cut -c1-16)"
}
