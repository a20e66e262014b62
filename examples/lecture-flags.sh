#!/bin/sh
# The network of the lecture as flags, in the nodes form and in the layers form: no file at all.
# Options of run can follow: sh lecture-flags.sh --get dJ/dw1
set -e

backprop run -i x=1 -t y=5 -p w1=2 -p b1=0 -p w2=3 -p b2=1 \
    -n "t1 = w1*x" -n "z1 = t1 + b1" -n "a1 = relu(z1)" \
    -n "t2 = w2*a1" -n "z2 = t2 + b2" -n "a2 = relu(z2)" \
    -n "J = (a2 - y)**2 / 2" "$@"

backprop run -i x=1 -t y=5 \
    --layer "dense(1, relu, w=2, b=0)" --layer "dense(1, relu, w=3, b=1)" \
    --loss squared_error "$@"
