# Row of launch/faults about runs that are gone on with: another one is noticed, the same one is not.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # launch/faults and support.sh set and read the rest

# A run that was cut off is started again with one thing changed: it ends with 65 and names it. With
# nothing changed but place, time, owner, user, ranks, host or keys without effect it goes on: same bits.
row_resume() {
  local code count good name
  install_missing python3
  write_base
  # Without --long a fifth of the keys: the test everyKeyThatChangesNumbersIsNoticed has all of them.
  changes | awk -v all="$is_long" 'all || !/ recipe set / || NR % 5 == 1' >"$work/changes.list"
  each changes change_trial <"$work/changes.list"
  count=$(wc -l <"$work/changes.list") good=$(count_tally 2 good)
  trials=$((trials + count))
  note "$( ((good == count)) && echo yes || echo no)" \
    "a resume with one thing changed: code 65, and named" "$good of $count kinds" "all"
  same_things >"$work/same.list"
  each same same_trial <"$work/same.list"
  grep -q '^group ' "$work/same.list" \
    || skip "  gone on with by another user" "needs root, and a program that others may run"
  count=$(wc -l <"$work/same.list") good=$(count_tally 2 good)
  trials=$((trials + count))
  note "$( ((good == count)) && echo yes || echo no)" \
    "  with place, time, owner, ranks, host changed: same bits" "$good of $count kinds" "all"
  printf '%s\n' accepted measured emptied stripped fresh >"$work/ends.list"
  each ends end_trial <"$work/ends.list"
  count=$(wc -l <"$work/ends.list") good=$(count_tally 2 good)
  trials=$((trials + count))
  note "$( ((good == count)) && echo yes || echo no)" \
    "  accepted; finished without checkpoints; begun anew" "$good of $count" "all"
}

# write_base: a run on listed images with a teacher, weights to start from and a method with its own,
# finished (golden) and cut off after four iterations of six (run), and all that it reads.
write_base() {
  local base=$work/base seed
  mkdir -p "$base"
  python3 "$root/launch/bench/images.py" "$base/set" 8 48 64
  head -n 2 "$base/set/train.txt" >"$base/set/val.txt"
  cat >"$base/labels.yaml" <<'END'
data: {kind: list, root: set, num_classes: 19, crop_height: 32, crop_width: 32}
student: {network: deeplab_mobile, head_width: 16}
train: {iterations: 1, batch_size: 2, validate_every: 0, tensorboard: false, threads: 1}
evaluation: {pictures: 0}
distill: none
END
  for seed in 1 2 3 4; do
    (cd "$base" && "$rdd" train labels.yaml --out "weights$seed" --set "train.seed=$seed" \
      </dev/null >>"$work/base.log" 2>&1) || fail 1 "weights: $(last_error base)"
    mv "$base/weights$seed/student.safetensors" "$base/$seed.safetensors"
    rm -r "$base/weights$seed"
  done
  cat >"$base/lists.yaml" <<'END'
data: {kind: list, root: set, num_classes: 19, crop_height: 32, crop_width: 32}
student: {network: deeplab_mobile, head_width: 16, weights: 1.safetensors}
teacher: {network: deeplab_mobile, weights: 2.safetensors}
train:
  iterations: 6
  batch_size: 3
  learning_rate: 0.0005
  log_every: 1
  validate_every: 0
  checkpoint_every: 2
  tensorboard: false
  threads: 1
evaluation: {pictures: 0}
distill:
  method: kd
  methods: [{name: cwd}, {name: hkd, aux: 3.safetensors, aux_network: deeplab_mobile}]
END
  (cd "$base" && "$rdd" train lists.yaml --out golden </dev/null >>"$work/base.log" 2>&1) \
    || fail 1 "the run on lists without a fault: $(last_error base)"
  cp -r "$base/golden" "$base/run"
  rm "$base"/run/{student,best,checkpoints/iteration_0000002,checkpoints/iteration_0000006}.safetensors
}

# copy_base FOLDER RUN: a copy of it with one of its runs, and goes there.
copy_base() {
  mkdir "$1"
  cp -r "$work"/base/{set,lists.yaml,"$2"} "$work"/base/[0-9].safetensors "$1"
  cd "$1" || return
}

# changes: a line for each kind: its name, the part that is named, and what is done.
changes() {
  local key number=0
  # A key of each group, and all of those that change many numbers or few.
  for key in data.crop_width=48 data.augment=false data.shuffle=false data.format=cityscapes \
    'student.network=psp_mobile student.weights=none' student.dropout=false student.head_width=24 teacher.engine=eager \
    train.seed=2 train.iterations=7 train.batch_size=4 train.learning_rate=0.0006 \
    train.poly_power=1.0 train.momentum=0.8 train.weight_decay=0.0005 train.precision=float64 \
    train.exact_sums=false train.wire=bfloat16 train.fgsm=2.0 \
    'distill.method=none distill.methods=[]' distill.kd_weight=2.0 distill.kd_temperature=2.0 \
    distill.auxiliary_weight=0.3 distill.engine=reference distill.class_weights=cityscapes \
    'distill.methods=[{"name":"cwd"}]' \
    'distill.methods=[{"name":"cwd","weight":4.0},{"name":"hkd","aux":"3.safetensors","aux_network":"deeplab_mobile"}]' \
    evaluation.mean_iou=present_classes evaluation.flip=true; do
    number=$((number + 1))
    echo "$number-${key%%=*} recipe set $key"
  done
  cat <<'END'
line-removed data edit sed -i 3d set/train.txt
order data edit sort -r -o set/train.txt set/train.txt
image data edit cp set/4.png set/5.png
label data edit cp set/4-labels.png set/5-labels.png
other-root data root
validation-list validation edit sed -i 1d set/val.txt
validation-label validation edit cp set/4-labels.png set/0-labels.png
teacher-file teacher edit cp 4.safetensors 2.safetensors
teacher-path teacher set teacher.weights=4.safetensors
start-file student edit cp 4.safetensors 1.safetensors
start-path student set student.weights=4.safetensors
method-file methods edit cp 4.safetensors 3.safetensors
other-checkpoint recipe foreign
END
}

# change_trial NAME PART HOW WORD...: says whether it was noticed, and nothing written.
change_trial() {
  local place=$work/change-$1 verdict=bad code=0 word
  local -a options=()
  copy_base "$place" run
  case $3 in
    set) for word in "${@:4}"; do options+=(--set "$word"); done ;;
    root)
      cp -r set other && cp other/4.png other/2.png
      options=(--set data.root=other)
      ;;
    edit) "${@:4}" ;;
    foreign)
      "$rdd" train lists.yaml --out other --set train.seed=7 </dev/null >>"$place.log" 2>&1
      cp other/checkpoints/iteration_0000004.safetensors run/checkpoints/
      ;;
  esac
  "$rdd" train lists.yaml --out run "${options[@]}" </dev/null >>"$place.log" 2>&1 || code=$?
  if [[ $code == 65 ]] && grep -qE "^rdd: error: run: run: found .*--accept $2( |\$)" "$place.log" \
    && cmp -s run/metrics.jsonl "$work/base/run/metrics.jsonl" && [[ ! -e run/student.safetensors ]]; then
    verdict=good
  else
    say "$1: code $code: $(last_error "change-$1")"
  fi
  rm -rf "$place"
  echo "$verdict"
}

# same_things: a line for each kind: its name, the number of ranks, and how it is started.
same_things() {
  cat <<'END'
nothing 1
two-ranks 2
three-ranks 3
threads 1 set train.threads=2
keys 2 set data.loader_threads=2 data.prefetch_batches=1 data.cache_mebibytes=0 teacher.ahead=false train.checkpoint_every=1 train.validate_every=1 train.keep_checkpoints=5 train.log_every=2 train.bucket_mebibytes=1 train.tensorboard=true train.compare_every=1 train.watchdog_seconds=30 train.nonfinite_limit=3 train.nothing_limit=7 evaluation.batch_size=2 evaluation.pictures=1
times 1 edit find . -exec touch -d 2001-01-01 {} +
links 1 edit ln -s run again
moved 1 edit mv run again
elsewhere 1 elsewhere
resolved 1 resolved
END
  ((EUID != 0)) || echo "owner 1 edit chown -R 12345:12345 run set"
  ! other_users || echo "group 1 group"
  ! unshare --uts true 2>/dev/null || echo "host 2 host"
}

# other_users: whether two users can be tried, who may run the program.
other_users() {
  ((EUID == 0)) \
    && setpriv --reuid 12346 --regid 12345 --clear-groups "$rdd" --version >/dev/null 2>&1
}

# same_trial NAME RANKS HOW WORD...: says whether it went on, to the same bits.
same_trial() {
  local place=$work/same-$1 verdict=bad code=0 out=run word train=lists.yaml
  local -a options=() before=()
  copy_base "$place" run
  # shellcheck disable=SC2016 # the inner shell expands
  case ${3:-} in
    set) for word in "${@:4}"; do options+=(--set "$word"); done ;;
    edit) "${@:4}" ;;
    elsewhere)
      mkdir there && mv set there/pictures && mv 1.safetensors there/start.safetensors
      mv 2.safetensors there/taught.safetensors
      options=(--set data.root=there/pictures --set student.weights=there/start.safetensors
        --set teacher.weights=there/taught.safetensors)
      ;;
    resolved) cp run/recipe.yaml written.yaml && train=written.yaml ;;
    host) before=(unshare --uts bash -c 'hostname elsewhere && exec "$@"' bash) ;;
    group)
      # As user 12345 of the group left it with umask 002.
      chmod a+x "$work"
      chown -R 12345:12345 . && chmod -R g+rwX . && find . -type d -exec chmod g+s {} +
      before=(setpriv --reuid 12346 --regid 12345 --clear-groups
        env "HOME=$place" bash -c 'umask 002; exec "$@"' bash)
      ;;
  esac
  [[ ! -e again ]] || out=again
  "${before[@]}" mpirun -n "$2" "$rdd" train "$train" --out "$out" "${options[@]}" \
    </dev/null >>"$place.log" 2>&1 || code=$?
  if [[ $code == 0 ]] && grep -q "going on from .*iteration 4" "$place.log" \
    && cmp -s "$out/student.safetensors" "$work/base/golden/student.safetensors"; then
    verdict=good
  else
    say "$1: code $code: $(last_error "same-$1")"
  fi
  cd "$work" && rm -rf "$place"
  echo "$verdict"
}

# end_trial NAME: says whether a run ends as it should that is accepted, finished or begun anew.
end_trial() {
  local place=$work/end-$1 verdict=bad code=0
  local -a options=()
  copy_base "$place" golden
  case $1 in
    accepted)
      rm -r golden/checkpoints/iteration_0000006.safetensors golden/student.safetensors
      sed -i 3d set/train.txt
      options=(--set train.learning_rate=0.0006 --accept recipe --accept data)
      ;;
    measured) rm golden/checkpoints/* ;;
    emptied) rm -r golden/checkpoints ;;
    stripped) rm -r golden/checkpoints golden/student.safetensors ;;
    fresh) options=(--fresh) ;;
  esac
  "$rdd" train lists.yaml --out golden "${options[@]}" </dev/null >>"$place.log" 2>&1 || code=$?
  if ended_well "$1"; then verdict=good; else say "$1: code $code: $(last_error "end-$1")"; fi
  cd "$work" && rm -rf "$place"
  echo "$verdict"
}

# ended_well NAME: whether code and files are as they should be.
ended_well() {
  local golden=$work/base/golden
  case $1 in
    accepted) [[ $code == 0 ]] && grep -q "as accepted" "$place.log" ;;
    # Measured again, or refused; either way what is there stays.
    measured | emptied)
      [[ $code == 0 || $code == 65 ]] && cmp -s "$golden/metrics.jsonl" golden/metrics.jsonl \
        && cmp -s "$golden/student.safetensors" golden/student.safetensors
      ;;
    stripped) [[ $code == 65 ]] && cmp -s "$golden/metrics.jsonl" golden/metrics.jsonl ;;
    fresh)
      [[ $code == 0 ]] && cmp -s "$golden/student.safetensors" golden.earlier-1/student.safetensors \
        && cmp -s "$golden/student.safetensors" golden/student.safetensors
      ;;
  esac
}
