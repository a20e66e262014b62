"""`python -m backpropcli`, which is `backprop`."""

import sys

from backpropcli.app import main

sys.exit(main())
