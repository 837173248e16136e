package org.kvstore.server.model;

/**
 * The place of a group of submissions among all that one sender has ever sent (Ongaro, Consensus:
 * Bridging Theory and Practice, section 6.3). A replicated log may hold a group twice, and long
 * after its sender has given it up; it is applied only if it is later than all of its sender's that
 * were applied before.
 *
 * @param sender who sends, one group after the other
 * @param life rises each time that the sender starts anew
 * @param number rises with each group of a life
 */
public record Serial(String sender, long life, long number) {

  /** Whether it comes after another one of the same sender. */
  public boolean isAfter(Serial other) {
    return life > other.life || (life == other.life && number > other.number);
  }
}
