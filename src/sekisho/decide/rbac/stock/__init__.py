"""The roles and bindings that a cluster has before anybody wrote one: plain tables, by whom they are for."""
