"""What people meant who wrote what is no formula: habits of other notations, and the formula to write instead."""
