set(moving_number 7)
