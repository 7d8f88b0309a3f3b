# The rows of launch/law, and how their runs are started and compared.
# shellcheck shell=bash
# shellcheck disable=SC2154 # launch/law sets work, rdd, root, row, recipes, layouts and the options

# Crops that take some 50 ms a step. A third of the pixels is kept, so that the k-th smallest
# probability decides, and masks are not empty.
small=(
  --set data.scenes.height=32 --set data.scenes.width=48 --set data.scenes.validation_count=3
  --set data.crop_height=32 --set data.crop_width=48 --set train.batch_size=4
  --set distill.ohem.threshold=0.05 --set distill.ohem.minimum_kept=2000
  --set student.weights=none --set student.head_width=16
  --set train.log_every=1 --set train.validate_every=0 --set train.checkpoint_every=0
  --set train.tensorboard=false --set evaluation.pictures=0
)

# prepare: the recipe that the rows alter, and the teacher, of random weights. It is drawn once: that
# takes longer than the steps of a row.
prepare() {
  cat >"$work/tiny.yaml" <<'YAML'
data:
  kind: scenes
  scenes: {train_count: 32}
  augment: false
student: {network: deeplab_mobile, dropout: false}
teacher: {network: deeplabv3_resnet18}
train: {learning_rate: 0.02}
YAML
  make teacher "$work/tiny.yaml" --set student.network=deeplabv3_resnet18 --set distill.method=none
  small+=(--set "teacher.weights=$work/teacher/student.safetensors")
}

# make NAME RECIPE [option...]: a network of whatever weights, from one step.
make() {
  start 1x1 train "$2" "${small[@]}" "${@:3}" --set train.iterations=1 --out "$work/$1"
  finish
  ((code == 0)) || fail "$code" "$1: $(grep -a '^rdd: error' "$work/log" | tail -n 1)"
}

row_tfe-tse() {
  local student=(--set student.network=deeplabv3_resnet18)
  # The least crop and an image a rank: some 40 ms a step on a core, a third of the other's.
  [[ -z $is_long ]] || student=(
    --set data.crop_width=32 --set train.batch_size=3 --set distill.ohem.minimum_kept=1000
  )
  compare "$work/tiny.yaml" "${student[@]}" --set student.dropout=true --set data.augment=true
}

row_mobile() { compare "$work/tiny.yaml"; }

row_psp() { compare "$work/tiny.yaml" --set student.network=psp_resnet18; }

# Crops at which layers have several slabs of rows, Winograd's products and threads of LibTorch.
row_large() {
  compare "$work/tiny.yaml" --set student.network=deeplabv3_resnet18 --set student.head_width=64 \
    --set data.scenes.height=128 --set data.scenes.width=256 --set data.crop_height=128 \
    --set data.crop_width=256 --set train.batch_size=3 --set distill.ohem.minimum_kept=30000 \
    --set student.dropout=true --set data.augment=true
}

row_bfloat16() { compare "$work/tiny.yaml" --set train.precision=bfloat16; }

row_reference() { compare "$work/tiny.yaml" --set distill.engine=reference; }

row_eager() { compare "$work/tiny.yaml" --set teacher.engine=eager; }

# Both networks are ONNX files, with logits on other grids.
row_onnx() {
  local graphs=$root/Tests/Fixtures/onnx
  compare "$work/tiny.yaml" --set student.head_width=0 \
    --set "student.network=$graphs/realtime_export.onnx" \
    --set teacher.weights=none --set "teacher.network=$graphs/plain_export.onnx"
}

# Neither divides among 2 or 3 ranks.
row_uneven() {
  local batch
  for batch in 5 7; do
    part="batch $batch on "
    compare "$work/tiny.yaml" --set "train.batch_size=$batch"
  done
}

# The last image of each batch has no label that counts, and may be all that a rank has.
row_ignored() {
  command -v python3 >/dev/null || install_missing python3
  if [[ ! -e $work/images ]]; then
    python3 "$root/launch/bench/images.py" "$work/images" 8 32 48
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/launch/bench python3 - "$work/images" <<'PYTHON'
import pathlib
import sys

import images

for index in (3, 7):
    path = pathlib.Path(sys.argv[1]) / f"{index}-labels.png"
    images.png(path, [b"\xff" * 48] * 32, 48, 1)
PYTHON
    cp "$work/images/train.txt" "$work/images/val.txt"
  fi
  compare "$work/tiny.yaml" --set data.kind=list --set "data.root=$work/images" \
    --set data.num_classes=19 --set data.shuffle=false \
    --set teacher.weights=none --set teacher.from_seed=true
}

# Stopped by a signal in the middle; what methods remember goes on with the rest.
row_resume() {
  local methods="[{name: kd}, {name: rrd, memory: 64}, {name: lwkd}]"
  [[ -n ${RUNS:-} ]] || local layouts=(1x1 2x1+3x2 2x2+1x1+2x1)
  compare "$work/tiny.yaml" --set "distill.methods=$methods"
}

# Scenes larger than the crop, whose place so is drawn too.
row_augment() {
  compare "$work/tiny.yaml" --set data.augment=true --set student.dropout=true \
    --set data.scenes.height=48 --set data.scenes.width=80
}

# Validations in between, and rdd eval at two scales, of a number of images that does not divide.
row_evaluation() {
  compare "$work/tiny.yaml" --set data.scenes.validation_count=7 \
    --set "train.validate_every=$((count / 2 + 1))"
}

# Both moments, two groups of parameters, a warm-up over half of the run, clipped gradients, and averages
# that are measured in between.
row_adamw() {
  local groups='[{match: "*.bias", decay: 0}, {match: "head.*", rate: 10}]'
  [[ -n ${RUNS:-} ]] || local layouts=(1x1 2x1 3x2)
  compare "$work/tiny.yaml" --set train.optimizer=adamw --set train.learning_rate=0.001 \
    --set train.weight_decay=0.05 --set "train.groups=$groups" --set train.clip_norm=0.5 \
    --set "train.warmup_iterations=$((count / 2))" --set train.average=0.9 \
    --set "train.validate_every=$((count / 2))"
}

# make_hkd: hkd.yaml in the folder of work, whose auxiliary network is there.
make_hkd() {
  [[ -e $work/auxiliary ]] || make auxiliary "$recipes/hkd-auxiliary.yaml"
  sed "s|aux: .*|aux: $work/auxiliary/student.safetensors|" "$recipes/hkd.yaml" >"$work/hkd.yaml"
}

# A recipe of launch/recipes/methods.
row_method() {
  local recipe=$recipes/$row.yaml
  if [[ $row == hkd ]]; then
    make_hkd
    recipe=$work/hkd.yaml
  fi
  local long=()
  # At the recipe's rate the second derivatives of an untrained student overflow within forty steps, and
  # a step takes a third of a second.
  [[ -z $is_long || $row != kdiga ]] || long=(
    --set train.learning_rate=0.0005 --set data.crop_width=32 --set train.batch_size=3
    --set distill.ohem.minimum_kept=1000
  )
  compare "$recipe" "${long[@]}"
}

# try_row: a row of the table.
try_row() {
  local count difference="" part="" others="" result=equal runs=0 code started=$SECONDS
  count=$(count_iterations)
  if [[ -z ${RUNS:-} ]]; then
    if [[ -n $is_long ]]; then
      local layouts=(1x1 2x1 3x1 2x2)
    elif [[ -z $iterations && $row == tfe-tse ]]; then
      local layouts=(1x1 2x1 3x2)
    elif [[ -z $iterations ]]; then
      # Ranks and threads differ at once: starting a run costs more than its few steps.
      local layouts=(1x1 3x2)
    fi
  fi
  if declare -F "row_$row" >/dev/null; then "row_$row"; else row_method; fi
  if [[ -z $difference ]]; then
    held=$((held + 1))
  else
    result="$difference${others:+; also }${others#; }"
  fi
  printf '%-11s %4d %10d %8d  %s\n' "$row" "$runs" "$count" $((SECONDS - started)) "$result"
}

# count_iterations: those of the row.
count_iterations() {
  case ${iterations:-$is_long}:$row in
    yes:tfe-tse) echo 20000 ;;
    yes:cirkd | yes:kdiga) echo 2000 ;;
    yes:*) echo 200 ;;
    :tfe-tse) echo 100 ;;
    :resume) echo 20 ;;
    :large) echo 3 ;;
    :*) if declare -F "row_$row" >/dev/null; then echo 6; else echo 4; fi ;;
    *) echo "$iterations" ;;
  esac
}

# compare RECIPE [option...]: runs the recipe on all layouts, and notes what differs from the first.
compare() {
  local layout found started first=$work/first second=$work/run
  local -a differ=(awk -f "$root/launch/law.d/plain.awk" -f "$root/launch/law.d/compare.awk")
  rm -rf "$first"
  for layout in "${layouts[@]}"; do
    rm -rf "$second" "$work/log"
    runs=$((runs + 1))
    started=$SECONDS
    train "$@" || continue
    [[ $row != evaluation ]] || evaluate "$@" || continue
    sha256sum <"$second/student.safetensors" | cut -c1-16 >"$second/sum"
    if [[ ! -e $first ]]; then
      mkdir "$first"
      mv "$second/metrics.jsonl" "$second/sum" "$first"
      found=$("${differ[@]}" -v first="$first/metrics.jsonl" -v expected="$count")
      note "$found"
      tell_layout "$found"
      continue
    fi
    found=$("${differ[@]}" -v first="$first/metrics.jsonl" -v second="$second/metrics.jsonl")
    if ! cmp -s "$first/sum" "$second/sum"; then
      [[ $found != equal ]] \
        || found="the end, sha256 of student.safetensors: $(<"$first/sum") and $(<"$second/sum")"
    elif [[ $found != equal ]]; then
      found+=" (the same weights)"
    fi
    note "$found"
    tell_layout "$found"
  done
}

# tell_layout RESULT: a line for each run, where one takes long.
tell_layout() {
  [[ -z $is_long ]] || say "$row, $part$layout: $1, $((SECONDS - started)) s"
}

# note TEXT: what differs in this layout, unless it is "equal". The first of a row is told in full.
note() {
  [[ $1 != equal ]] || return 0
  if [[ -z $difference ]]; then
    difference="$part$layout, ${1:-the comparison failed}"
  else
    others+="; $part$layout"
  fi
}

# train RECIPE [option...]: a run on the layout; of several parts, all but the last are stopped.
train() {
  local place at=0 expected parts
  IFS=+ read -ra parts <<<"$layout"
  for place in "${parts[@]}"; do
    at=$((at + 1))
    start "$place" train "$1" "${small[@]}" --set "train.iterations=$count" \
      --set "distill.warmup_iterations=$((count / 2 + 1))" "${@:2}" --out "$work/run"
    expected=0
    if ((at < ${#parts[@]})); then
      expected=75
      # Early, so that the signal comes in time.
      if wait_iteration $((count * at / (${#parts[@]} + 1))); then kill -USR1 "$job" || true; fi
    fi
    finish
    if ((code != expected)); then
      note_end "$expected"
      return 1
    fi
  done
}

# evaluate RECIPE [option...]: rdd eval of the run's weights, as a line of its metrics.
evaluate() {
  start "${layout##*+}" eval "$1" "${small[@]}" "${@:2}" --json \
    --weights "$work/run/student.safetensors" --set evaluation.flip=true \
    --set 'evaluation.scales=[0.75, 1.0]'
  finish
  if ((code != 0)); then
    note_end 0
    return 1
  fi
  grep -a '^{' "$work/log" | tail -n 1 >>"$work/run/metrics.jsonl"
}

# start RANKSxTHREADS SUBCOMMAND RECIPE [option...]: rdd in the background; sets job.
start() {
  "${mpirun[@]}" -n "${1%x*}" "$rdd" "${@:2}" --set "train.threads=${1#*x}" \
    </dev/null >>"$work/log" 2>&1 &
  job=$!
}

# finish: waits for the job; sets code.
finish() {
  code=0
  wait "$job" || code=$?
  job=""
}

# wait_iteration N: until the run has logged it; fails if the run ends before.
wait_iteration() {
  until grep -aqE "iteration $1/" "$work/log" 2>/dev/null; do
    kill -0 "$job" 2>/dev/null || return 1
    sleep 0.02
  done
}

# note_end CODE: that a run did not end with that code, and its last error.
note_end() {
  note "exit code $code instead of $1: $(grep -a '^rdd: error' "$work/log" | tail -n 1)"
}

# clean_up: what a row that was interrupted left.
clean_up() {
  if [[ -n ${job:-} ]] && kill -TERM "$job" 2>/dev/null; then wait "$job" || true; fi
  rm -rf "$work"
}
