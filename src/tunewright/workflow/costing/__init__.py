"""What systems cost: prices, people, machines, a bill before and after."""
