"""AWS's side of the lab: the front door and the services behind it."""
