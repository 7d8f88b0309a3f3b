# LibTorch: Debian's package, a folder that LIBTORCH names, or what PyPI's wheel of PyTorch holds.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # lib.sh sets root and reads libtorch_packages

# torch_headers: the folder of the LibTorch that is meant, below which torch/ lies.
torch_headers() {
  if [[ -n ${LIBTORCH:-} ]]; then
    echo "$LIBTORCH/include"
  elif [[ -e $root/.libtorch ]]; then
    echo "$root/.libtorch/include"
  else
    echo /usr/include
  fi
}

# take_libtorch: checks the LibTorch that is meant, and sets libtorch_packages to what apt has to bring.
take_libtorch() {
  local headers
  headers=$(torch_headers)
  libtorch_packages=()
  if [[ $headers != /usr/include ]]; then
    [[ -e $headers/torch/csrc/api/include/torch/torch.h ]] \
      || fail 66 "LIBTORCH: ${headers%/include}: found no include/torch; expected an unpacked LibTorch"
    return
  fi
  # Without OpenBLAS, libtorch multiplies with the reference BLAS: fifteen times slower.
  libtorch_packages=(libtorch-dev libopenblas0-pthread)
  command -v dpkg-query apt-get >/dev/null || return 0
  if ! is_installed libtorch-dev && ! has_package libtorch-dev; then
    update_packages
    has_package libtorch-dev || fail 69 "libtorch-dev: found no such package here (Ubuntu 24.04 has" \
      "none); expected LibTorch; take PyPI's: launch/install --libtorch-wheel, or name a folder: LIBTORCH=DIR"
  fi
}

# has_package NAME: whether apt could install it.
has_package() { [[ $(apt-cache policy "$1" 2>/dev/null) == *"Candidate: "[!\(]* ]]; }

# install_libtorch_wheel [VERSION]: LibTorch of PyPI's wheel of PyTorch, in .libtorch of this clone.
#
# The wheel is for GPUs too, but its part for processors alone is taken: libtorch_cpu, and the two small
# libraries of CUDA that this one is linked with. Nothing of them is called without a GPU.
install_libtorch_wheel() {
  local version=${1:-2.15.0} work folder=$root/.libtorch library
  python3 -m pip --version >/dev/null 2>&1 || install_missing python3 python3-pip
  install_missing binutils
  mkdir -p "$root/.build"
  work=$(mktemp -d -p "$root/.build")
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$work'" EXIT
  say "fetching the wheel of PyTorch $version (about 1 GB) from PyPI"
  fetch_wheel "$work/wheels" "torch==$version"
  unpack_wheel "$work/wheels" 'torch/include/*' 'torch/lib/lib*.so*' 'torch/version.py'
  mkdir "$work/new"
  mv "$work/wheels/torch/include" "$work/new/include"
  mkdir "$work/new/lib"
  keep_library libtorch_cpu.so
  for library in cudart cupti; do
    library=$(needed "$work/new/lib/libtorch_cpu.so" | grep "^lib$library\.so\." || true)
    [[ -z $library || -e $work/new/lib/$library ]] || take_cuda "$library"
  done
  rm -rf "$folder"
  mv "$work/new" "$folder"
  say "LibTorch $version is in .libtorch and used from now on; remove that folder for Debian's"
}

# fetch_wheel FOLDER REQUIREMENT
fetch_wheel() {
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$1" "$2" >&2 \
    || fail 69 "PyPI: pip could not fetch $2; its message is above"
}

# unpack_wheel FOLDER PATTERN...: what fits of the wheels there, which are removed.
unpack_wheel() {
  python3 - "$@" <<'PYTHON'
import fnmatch
import pathlib
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])
for path in folder.glob("*.whl"):
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if any(fnmatch.fnmatch(name, pattern) for pattern in sys.argv[2:]):
                wheel.extract(name, folder)
    path.unlink()
PYTHON
}

# needed LIBRARY: the libraries that it is linked with.
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

# keep_library NAME: moves it from the wheel to the new folder, and those of the wheel that it needs.
keep_library() {
  local other
  [[ -e $work/wheels/torch/lib/$1 ]] || return 0
  mv "$work/wheels/torch/lib/$1" "$work/new/lib/$1"
  while read -r other; do keep_library "$other"; done < <(needed "$work/new/lib/$1")
}

# take_cuda NAME: a library of CUDA, as libcudart.so.13, from NVIDIA's package of that number.
take_cuda() {
  local number=${1##*.} package=nvidia-cuda-runtime
  [[ $1 != libcupti* ]] || package=nvidia-cuda-cupti
  if ((number < 13)); then package+=-cu$number; else package+="==$number.*"; fi
  fetch_wheel "$work/cuda" "$package"
  unpack_wheel "$work/cuda" "*/$1"
  find "$work/cuda" -name "$1" -exec mv {} "$work/new/lib/" \;
}
