"""Our AWS client against our stand-in and, for the plain path, against moto: so each of them checks the other."""
