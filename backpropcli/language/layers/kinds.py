"""The kinds of layers that there are: a new one is a file that declares it, and a line here."""

from __future__ import annotations

from backpropcli.language.layers.add import ADD, RESIDUAL
from backpropcli.language.layers.alone import ALONE
from backpropcli.language.layers.attention import ATTENTION
from backpropcli.language.layers.conv import CONV
from backpropcli.language.layers.dense import DENSE
from backpropcli.language.layers.dropout import DROPOUT
from backpropcli.language.layers.embedding import EMBEDDING
from backpropcli.language.layers.flatten import FLATTEN
from backpropcli.language.layers.gru import GRU
from backpropcli.language.layers.lstm import LSTM
from backpropcli.language.layers.norm import NORM
from backpropcli.language.layers.pool import AVG_POOL, MAX_POOL
from backpropcli.language.layers.reshape import RESHAPE
from backpropcli.language.layers.rnn import RNN

KINDS = {
    kind.name: kind
    for kind in (
        DENSE,
        CONV,
        MAX_POOL,
        AVG_POOL,
        FLATTEN,
        RESHAPE,
        EMBEDDING,
        NORM,
        DROPOUT,
        RNN,
        LSTM,
        GRU,
        ATTENTION,
        ADD,
        RESIDUAL,
        ALONE,
    )
}
