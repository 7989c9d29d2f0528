#!/bin/sh
# Check the models of the shared memory in all orders of steps, with spin and a compiler:
# two users with three takeovers, then three with two; then the sleep of followers.
# Mutants must be found, too.
# Usage: test/run_model.sh [folder for what is made]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
model=$here/shm.pml
doze=$here/doze.pml
work=${1:-build/model}
if ! command -v spin >/dev/null; then
    echo "model: skipped, spin is not installed (Debian's package spin)"
    exit 0
fi
mkdir -p "$work"
cd "$work"

# check MODEL DEFINES: print what spin has found, and fail unless it went to the end
check() {
    file=$1
    shift
    spin "$@" -a "$file" >/dev/null
    ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=2048 -o pan pan.c
    ./pan -m1000000 >out 2>&1 || :
    sed -n 's/.*errors: \([0-9]*\).*/errors: \1/p; s/^ *\([0-9.e+]*\) states, stored$/states: \1/p' out
}

for size in "-DN=2 -DMAX_EPOCH=3 -DMAX_WRITES=4" "-DN=3 -DMAX_EPOCH=2 -DMAX_WRITES=2"; do
    # shellcheck disable=SC2086
    found=$(check "$model" $size)
    echo "model: $size:" $found
    case $found in *"errors: 0"*) ;; *) exit 1 ;; esac
    grep -q "max search depth too small" out && exit 1
done

# Without the lock of its slot, a tender that goes on would write where others do.
sed 's/owner\[i\] == NOBODY &&/true \&\&/; s/assert(owner\[slot\] == me);//' "$model" >mutant.pml
found=$(check mutant.pml -DN=3 -DMAX_EPOCH=2 -DMAX_WRITES=3)
echo "model: without locks:" $found
case $found in *"errors: 1"*) ;; *) exit 1 ;; esac

# Without a look at the sequence, a reader would accept a mixture.
sed 's/sequence\[seen\] == before && epoch/epoch/' "$model" >mutant.pml
found=$(check mutant.pml -DN=3 -DMAX_EPOCH=2 -DMAX_WRITES=3)
echo "model: without sequence:" $found
case $found in *"errors: 1"*) ;; *) exit 1 ;; esac

found=$(check "$doze")
echo "model: sleep:" $found
case $found in *"errors: 0"*) ;; *) exit 1 ;; esac
for mistake in NEWS_DO_NOT_RING ERRORS_DO_NOT_RING LISTENS_LATE DOZES_LATE; do
    found=$(check "$doze" -D$mistake)
    echo "model: sleep, $mistake:" $found
    case $found in *"errors: 1"*) ;; *) exit 1 ;; esac
done
