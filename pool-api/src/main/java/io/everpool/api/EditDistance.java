package io.everpool.api;

/**
 * How far two spellings are from each other, so that an adapter that refuses a name can say which
 * was meant. Any thread may ask.
 */
public final class EditDistance {

  private EditDistance() {}

  /**
   * How many letters must be put in, taken out, changed or exchanged with their neighbour to get
   * from one to the other; case counts.
   */
  public static int between(String from, String to) {
    int[][] least = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        least[i][j] = i == 0 || j == 0 ? i + j : step(least, from, to, i, j);
      }
    }
    return least[from.length()][to.length()];
  }

  private static int step(int[][] least, String from, String to, int i, int j) {
    int changed = least[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
    int moved = 1 + Math.min(least[i - 1][j], least[i][j - 1]);
    boolean exchanged =
        i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1);
    int either = Math.min(changed, moved);
    return exchanged ? Math.min(either, 1 + least[i - 2][j - 2]) : either;
  }
}
