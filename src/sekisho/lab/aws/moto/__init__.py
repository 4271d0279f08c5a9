"""What moto answers behind the door, and the rules of those services that decide before it does."""
