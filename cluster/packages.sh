# Sourced by quickstart.sh and tests/run.sh: what Alsace is built from, and how to get it on Debian 12 and Ubuntu 22.04+.
# shellcheck shell=bash

# Libraries and tools that a build takes; all of them are in the distributions.
# shellcheck disable=SC2034  # used by the scripts that source this
build_packages=(
  ca-certificates cmake g++ make ninja-build pkg-config
  libboost-dev libboost-iostreams-dev libboost-serialization-dev libcli11-dev libeigen3-dev libfmt-dev libhdf5-dev
  libopenmpi-dev libspdlog-dev libtoml11-dev libxxhash-dev nlohmann-json3-dev openmpi-bin prometheus-cpp-dev zlib1g-dev
)

say() { printf '\n== %s\n' "$*"; }

# install_missing PACKAGE...: says what is missing and installs it; needs root or sudo only when something is.
install_missing() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "All packages are there."
    return
  fi
  echo "Installing: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing and there is no sudo here; as root: apt-get install ${missing[*]}" >&2
      return 2
    fi
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Several ranks on a small machine, in a container or as root, without Open MPI's refusals and warnings.
open_mpi_on_one_host() {
  export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
  export OMPI_MCA_btl_vader_single_copy_mechanism=none
  if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}
