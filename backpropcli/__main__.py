"""`python -m backpropcli`: the same as `backprop`."""

import sys

from backpropcli.app import main

sys.exit(main())
