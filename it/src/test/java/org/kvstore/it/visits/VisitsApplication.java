package org.kvstore.it.visits;

import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;

/** The Jakarta REST application. */
@ApplicationPath("/")
public class VisitsApplication extends Application {}
