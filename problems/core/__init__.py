"""What every planning model shares: instance, horizon, equipment, plan, money and the one judge."""
