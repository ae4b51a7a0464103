#!/bin/bash
# One command of at most ten minutes on a GPU machine; call it again to go on. The model comes back in parts of 15 MB.
#   bash pretraining/gpu.sh <travelled folder> <output folder> [config] [seconds of this call] [seconds of all training]
# The first call unpacks the corpus and makes the task shards; every call ends with the parts of a bf16 model folder.
set -euo pipefail
TRAVEL=$1 OUT=$2 CONFIG=${3:-gpu} LIMIT=${4:-540} BUDGET=${5:-1380}
BUILD=pretraining/build/gpu RUN=pretraining/build/gpu/run
SHARDS=${SHARDS:-300} PROCESSES=${PROCESSES:-14} WORKERS=${WORKERS:-8} SHARD_TOKENS=${SHARD_TOKENS:-1000000}
export TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1
BEGIN=$SECONDS
python3 -m pretraining.travel --build $BUILD --travel "$TRAVEL"
python3 -m pretraining.pack --travel "$TRAVEL" --build $BUILD --shards "0:$SHARDS" --processes "$PROCESSES" \
    --shard-tokens "$SHARD_TOKENS" > $BUILD/shards.log
echo "prepared after $((SECONDS - BEGIN)) s, $(wc -l < $BUILD/shards.log) new shards"
LEFT=$((LIMIT - 40 - SECONDS + BEGIN))
python3 -m pretraining.train --build $BUILD --run $RUN --config "$CONFIG" --budget-s "$BUDGET" --limit-s "$LEFT" \
    --evaluate-s 120 --workers "$WORKERS"
rm -rf $BUILD/model
python3 -m pretraining.export --run $RUN --config "$CONFIG" --tokenizer $BUILD/tokenizer --out $BUILD/model
cp $RUN/log.jsonl $RUN/checkpoint/position.json $BUILD/model/
python3 -m pretraining.export --cut $BUILD/model --out "$OUT"
