// The pages: what one can move, and questions that are checked.
