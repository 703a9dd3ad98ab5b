/* placeholder until the room is furnished */ typedef int dn_placeholder_config;
